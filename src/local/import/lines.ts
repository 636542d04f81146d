/**
 * Bytes of one line, its end not counted. Servers bound a request line near 8 KiB; 1 MiB also leaves room for
 * four of the longest in one request to the Worker (4 MiB). A longer one is refused without being held.
 */
export const LINE_BYTES_MAX = 1024 * 1024

export interface Line {
  /** From 1, as an editor counts. */
  readonly number: number
  /** What it takes in the input, its end included. */
  readonly bytes: number
  /** Without its end (LF or CRLF); null when it is longer than `LINE_BYTES_MAX`. */
  readonly content: Buffer | null
}

/** Cuts a stream of chunks into lines. Holds at most one unfinished line. */
export class LineSplitter {
  #number = 0
  #held: Buffer[] = []
  #heldBytes = 0

  /** The lines that this chunk completes. */
  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let from = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      this.#hold(chunk.subarray(from, end))
      lines.push(this.#complete(1))
      from = end + 1
    }
    this.#hold(chunk.subarray(from))
    return lines
  }

  /** The last line, when the input does not end with a line end. */
  end(): Line[] {
    return this.#heldBytes === 0 ? [] : [this.#complete(0)]
  }

  #hold(part: Buffer): void {
    this.#heldBytes += part.length
    // One byte more than the bound may be a carriage return.
    if (this.#heldBytes > LINE_BYTES_MAX + 1) this.#held = []
    else if (part.length > 0) this.#held.push(part)
  }

  #complete(endBytes: number): Line {
    const bytes = this.#heldBytes
    const content = bytes > LINE_BYTES_MAX + 1 ? null : withoutReturn(Buffer.concat(this.#held))
    this.#held = []
    this.#heldBytes = 0
    this.#number += 1
    const fits = content !== null && content.length <= LINE_BYTES_MAX
    return { number: this.#number, bytes: bytes + endBytes, content: fits ? content : null }
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line
}
