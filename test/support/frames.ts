/** Cuts a stream of Postgres's protocol into messages: a byte for the type, and a length that counts itself. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)
  /** The first message of a client has no type. */
  #isStartup: boolean

  constructor({ beginsWithStartup }: { readonly beginsWithStartup: boolean }) {
    this.#isStartup = beginsWithStartup
  }

  /** The next message is one without a type again: after an answer to the question for TLS. */
  expectStartup(): void {
    this.#isStartup = true
  }

  *take(chunk: Buffer): Generator<Buffer> {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      const typed = this.#isStartup ? 0 : 1
      if (this.#rest.length < typed + 4) return
      const end = typed + this.#rest.readInt32BE(typed)
      if (this.#rest.length < end) return
      const message = this.#rest.subarray(0, end)
      this.#rest = this.#rest.subarray(end)
      this.#isStartup = false
      yield message
    }
  }
}

/** A message with a type. */
export function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

export function int32(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) buffer.writeInt32BE(value, 4 * i)
  return buffer
}
