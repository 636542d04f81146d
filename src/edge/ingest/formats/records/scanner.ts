import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
} from '../../json-bytes.ts'

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
    // Local variables, because fields of the object made the loop take three times as long.
    let [depth, depthMax, i] = [this.#depth, this.#depthMax, from]
    if (this.#isText) i = this.#endOfText(bytes, i)
    for (; i < bytes.length; i++) {
      const byte = bytes[i] as number
      // Nearly all bytes are digits and letters, between the marks of texts and those of brackets.
      if (byte === QUOTE) {
        i = this.#endOfText(bytes, i + 1) - 1
      } else if (byte === COMMA) {
        if (depth === 0 && this.#isArray) return this.#at(i, false, depth, depthMax)
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth += 1
        if (depth > depthMax) depthMax = depth
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (depth === 0) return this.#at(i, true, depth, depthMax)
        depth -= 1
        if (depth === 0 && !this.#isArray) return this.#at(i + 1, false, depth, depthMax)
      }
    }
    this.#depth = depth
    this.#depthMax = depthMax
    return undefined
  }

  #at(end: number, isLast: boolean, depth: number, depthMax: number): Boundary {
    this.#depth = depth
    this.#depthMax = depthMax
    return { end, isLast }
  }

  /** The place behind the quote that ends a text, which may have begun in bytes before; the end of the bytes if it goes on. */
  #endOfText(bytes: Uint8Array, from: number): number {
    let i = from
    if (this.#isEscaped && i < bytes.length) {
      this.#isEscaped = false
      i += 1
    }
    for (; i < bytes.length; i++) {
      const byte = bytes[i]
      if (byte === QUOTE) {
        this.#isText = false
        return i + 1
      }
      if (byte !== BACKSLASH) continue
      i += 1
      if (i === bytes.length) this.#isEscaped = true
    }
    this.#isText = true
    return bytes.length
  }
}
