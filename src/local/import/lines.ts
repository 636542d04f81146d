/**
 * Bytes of one line without its end. Servers bound a request line near 8 KiB, and a request to the Worker has room for
 * four lines of 1 MiB. A longer line is refused, and never held as a whole.
 */
export const LINE_BYTES_MAX = 1024 * 1024

export type Line = {
  /** Counted from 1, as in an editor. */
  readonly number: number
  /** Bytes in the input, the line's end included. */
  readonly bytes: number
  /**
   * The line without its end (LF or CRLF), and without a byte order mark, which Windows puts in front of a file and
   * `cat` in front of a line. Null when it is longer than `LINE_BYTES_MAX`.
   */
  readonly content: Buffer | null
}

/** Cuts a stream of chunks into lines. Holds at most one unfinished line. */
export class LineSplitter {
  #number = 0
  #held: Buffer[] = []
  #heldBytes = 0

  /** @returns the lines that end in this chunk */
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

  /** @returns the last line, if the input does not end with a line's end */
  end(): Line[] {
    return this.#heldBytes === 0 ? [] : [this.#complete(0)]
  }

  #hold(part: Buffer): void {
    this.#heldBytes += part.length
    // One byte past the bound may be a carriage return.
    if (this.#heldBytes > LINE_BYTES_MAX + 1) this.#held = []
    else if (part.length > 0) this.#held.push(part)
  }

  #complete(endBytes: number): Line {
    const bytes = this.#heldBytes
    const content = bytes > LINE_BYTES_MAX + 1 ? null : contentOf(Buffer.concat(this.#held))
    this.#held = []
    this.#heldBytes = 0
    this.#number += 1
    const fits = content !== null && content.length <= LINE_BYTES_MAX
    return { number: this.#number, bytes: bytes + endBytes, content: fits ? content : null }
  }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

function contentOf(line: Buffer): Buffer {
  const hasMark = line.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  return line.subarray(hasMark ? BYTE_ORDER_MARK.length : 0, line.at(-1) === 0x0d ? -1 : undefined)
}

/** Whether a line has nothing but blanks. */
export function isBlank(content: Buffer): boolean {
  return content.every((byte) => byte === 0x20 || byte === 0x09)
}
