const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Where an element of an array ends, or a JSON text among others: at its comma or bracket, or behind its last brace. */
export type Boundary = { readonly end: number; readonly isLast: boolean }

/**
 * Finds where the elements of a JSON array end, or JSON texts that follow each other, without parsing them. The bytes come
 * piece by piece. It counts brackets and knows texts, which is enough for JSON that is whole; whatever is not is found out
 * by whoever parses an element.
 */
export class Scanner {
  /** Whether the elements are those of an array, whose first bracket has been passed. */
  readonly #isArray: boolean
  #depth = 0
  #depthMax = 0
  #isText = false
  #isEscaped = false

  constructor(isArray: boolean) {
    this.#isArray = isArray
  }

  /** How deep the brackets of the present element were. */
  get depth(): number {
    return this.#depthMax
  }

  /** Begins the next element. */
  next(): void {
    this.#depth = 0
    this.#depthMax = 0
    this.#isText = false
    this.#isEscaped = false
  }

  /** The end of the present element in some bytes; undefined when it goes on in the next ones. */
  end(bytes: Uint8Array, from: number): Boundary | undefined {
    for (let i = from; i < bytes.length; i++) {
      const byte = bytes[i]
      if (this.#isText) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === BACKSLASH) this.#isEscaped = true
        else if (byte === QUOTE) this.#isText = false
      } else if (byte === QUOTE) this.#isText = true
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#open()
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (this.#depth === 0) return { end: i, isLast: true }
        this.#depth -= 1
        if (this.#depth === 0 && !this.#isArray) return { end: i + 1, isLast: false }
      } else if (byte === COMMA && this.#depth === 0 && this.#isArray) return { end: i, isLast: false }
    }
    return undefined
  }

  #open(): void {
    this.#depth += 1
    if (this.#depth > this.#depthMax) this.#depthMax = this.#depth
  }
}
