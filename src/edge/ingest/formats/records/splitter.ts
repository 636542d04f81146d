import { DOCUMENT_BYTES_MAX, RECORD_BYTES_MAX, RECORD_DEPTH_MAX } from '../../../../limits.ts'
import { utf8Bytes } from '../../../../model/text/utf8.ts'
import type { RefusalReason } from '../../delivery/refusal.ts'
import { LINE_FEED, OPEN_ARRAY } from '../../json-bytes.ts'
import { Buffer } from './buffer.ts'
import { decode, mayLoseDigits, parseRecord } from './parse.ts'
import { Scanner } from './scanner.ts'

/** Gets the records of a body, one after the other, and what is wrong with those that cannot be read. */
export type RecordSink = {
  readonly take: (record: unknown) => void
  readonly refuse: (reason: RefusalReason, message: string) => void
}

/**
 * Cuts a body into records while it is read. It may be NDJSON, a JSON array, one JSON document or several that follow each
 * other; the bytes say which, because log shippers send any Content-Type. A record that cannot be read is refused by itself.
 * [N2] No more than a record is held at a time. [I5]
 */
export class Splitter {
  readonly #sink: RecordSink
  readonly #held = new Buffer()
  #state: 'start' | 'first-line' | 'lines' | 'array' | 'documents' | 'end' = 'start'
  #scanner = new Scanner(false)
  /** Whether the present record is too large, so that the rest of it is passed over. */
  #isSkipping = false

  constructor(sink: RecordSink) {
    this.#sink = sink
  }

  push(piece: Uint8Array): void {
    const state = this.#state
    if (state === 'start') this.#start(piece)
    else if (state === 'first-line') this.#firstLine(piece)
    else if (state === 'lines') this.#lines(piece)
    else if (state !== 'end') this.#scan(piece)
    else if (!isBlank(piece)) this.#refuseRest()
  }

  /** @returns whether the body was whole: an array has an end. */
  end(): boolean {
    if (this.#state === 'first-line') this.#beginDocuments(this.#held.take())
    if (this.#state === 'array') return false
    const rest = this.#held.take()
    if (this.#state === 'documents' || this.#state === 'lines') this.#block(rest)
    return true
  }

  /** The first byte that is neither a space nor part of a byte order mark says what kind of body it is. */
  #start(piece: Uint8Array): void {
    const from = piece.findIndex((byte) => !isSpace(byte) && !BYTE_ORDER_MARK.includes(byte))
    if (from === -1) return
    if (piece[from] === OPEN_ARRAY) {
      this.#state = 'array'
      this.#scanner = new Scanner(true)
      this.#scan(piece.subarray(from + 1))
    } else {
      this.#state = 'first-line'
      this.#firstLine(piece.subarray(from))
    }
  }

  /**
   * A first line that is JSON is one of many lines. Otherwise it begins a document that has several, and so does one that is
   * too long for a record.
   */
  #firstLine(piece: Uint8Array): void {
    const newline = piece.indexOf(LINE_FEED)
    const isLong = newline === -1 && this.#held.length + piece.byteLength > RECORD_BYTES_MAX
    const length = this.#held.length + newline
    const all = this.#held.with(piece)
    const isLine = newline !== -1 && length <= RECORD_BYTES_MAX
    if (isLine && parseRecord(decode(all.subarray(0, length)) ?? '').ok) {
      this.#state = 'lines'
      this.#lines(all)
    } else if (newline !== -1 || isLong) this.#beginDocuments(all)
    else this.#held.append(all)
  }

  #lines(piece: Uint8Array): void {
    const end = piece.lastIndexOf(LINE_FEED)
    if (end === -1) this.#holdLine(piece)
    else this.#linesUpTo(piece, end)
  }

  #linesUpTo(piece: Uint8Array, end: number): void {
    if (this.#isSkipping) {
      this.#isSkipping = false
      const begin = piece.indexOf(LINE_FEED)
      if (begin < end) this.#block(piece.subarray(begin + 1, end))
    } else {
      this.#block(this.#held.with(piece.subarray(0, end)))
    }
    this.#holdLine(piece.subarray(end + 1))
  }

  #holdLine(piece: Uint8Array): void {
    if (this.#isSkipping) return
    if (this.#held.length + piece.byteLength <= RECORD_BYTES_MAX) this.#held.append(piece)
    else this.#skip()
  }

  #skip(): void {
    this.#held.take()
    this.#isSkipping = true
    this.#sink.refuse('too_large', TOO_LARGE)
  }

  /** Whole lines. They are decoded together, which is quicker, unless one of them is not UTF-8. */
  #block(bytes: Uint8Array): void {
    const text = decode(bytes)
    if (text !== undefined) {
      const isLong = mayLoseDigits(text)
      for (const line of text.split('\n')) this.#line(line, isLong)
      return
    }
    for (let from = 0; from <= bytes.length; ) {
      const next = bytes.indexOf(LINE_FEED, from)
      const end = next === -1 ? bytes.length : next
      const line = decode(bytes.subarray(from, end))
      if (line === undefined) this.#sink.refuse('malformed', NOT_UTF8)
      else this.#line(line)
      from = end + 1
    }
  }

  #line(line: string, isLong = true): void {
    if (isTooLong(line)) {
      this.#sink.refuse('too_large', TOO_LARGE)
      return
    }
    const parsed = parseRecord(line, isLong)
    if (parsed.ok) this.#sink.take(parsed.value)
    else if (line.trim() !== '') this.#several(line, parsed.error)
  }

  /** A line that is no JSON may be several JSON texts without anything between. */
  #several(line: string, message: string): void {
    const texts = line.split(/(?<=\})\s*(?=\{)/)
    const parsed = texts.map((each) => parseRecord(each))
    if (texts.length > 1 && parsed.every((each) => each.ok)) {
      for (const each of parsed) this.#sink.take(each.value)
    } else this.#sink.refuse('malformed', message)
  }

  #beginDocuments(bytes: Uint8Array): void {
    this.#state = 'documents'
    this.#scanner = new Scanner(false)
    this.#scan(bytes.slice())
  }

  get #bytesMax(): number {
    return this.#state === 'array' ? RECORD_BYTES_MAX : DOCUMENT_BYTES_MAX
  }

  /** Elements of an array, or documents. */
  #scan(piece: Uint8Array): void {
    let from = 0
    while (from < piece.length && (this.#state === 'array' || this.#state === 'documents')) {
      const boundary = this.#scanner.end(piece, from)
      if (boundary === undefined || (boundary.isLast && this.#state === 'documents')) {
        this.#holdElement(piece.subarray(from), boundary !== undefined)
        return
      }
      const { end, isLast } = boundary
      this.#element(piece.subarray(from, end))
      this.#scanner.next()
      from = this.#state === 'array' ? end + 1 : end
      if (isLast) this.#state = 'end'
    }
    // The array has ended, or what follows is read line by line.
    if (from < piece.length) this.push(piece.subarray(from))
  }

  /** @param isBroken whether a bracket closes that was never opened. */
  #holdElement(piece: Uint8Array, isBroken: boolean): void {
    const fits = this.#held.length + piece.byteLength <= this.#bytesMax
    if (this.#isSkipping) return
    if (fits && !isBroken) this.#held.append(piece)
    else if (this.#state === 'documents') this.#toLines(piece)
    else this.#skip()
  }

  #toLines(piece: Uint8Array): void {
    this.#state = 'lines'
    this.#lines(this.#held.with(piece).slice())
  }

  #element(piece: Uint8Array): void {
    if (this.#isSkipping) {
      this.#isSkipping = false
      return
    }
    const bytes = this.#held.with(piece)
    if (isBlank(bytes)) return
    const isDeep = this.#scanner.depth > RECORD_DEPTH_MAX
    if (isDeep || bytes.length > this.#bytesMax) {
      this.#sink.refuse('too_large', isDeep ? TOO_DEEP : TOO_LARGE)
      return
    }
    const text = decode(bytes)
    const parsed = text === undefined ? undefined : parseRecord(text)
    if (parsed?.ok) this.#sink.take(parsed.value)
    else if (this.#state === 'documents' && bytes.includes(LINE_FEED)) this.#restart(bytes)
    else this.#sink.refuse('malformed', parsed === undefined ? NOT_UTF8 : parsed.error)
  }

  /** Documents of which one cannot be read are read line by line from there on, because a good line must count. [N2] */
  #restart(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(LINE_FEED)
    this.#state = 'lines'
    this.#block(bytes.subarray(0, end))
    this.#held.append(bytes.slice(end + 1))
  }

  #refuseRest(): void {
    if (this.#isSkipping) return
    this.#isSkipping = true
    this.#sink.refuse('malformed', 'must end with its array: nothing behind it is read')
  }
}

/** A unit takes three bytes at most. */
function isTooLong(line: string): boolean {
  return 3 * line.length > RECORD_BYTES_MAX && utf8Bytes(line) > RECORD_BYTES_MAX
}

const TOO_LARGE = `must have at most ${RECORD_BYTES_MAX} bytes, or ${DOCUMENT_BYTES_MAX} as a document of its own`

const TOO_DEEP = `must not be nested more than ${RECORD_DEPTH_MAX} levels deep`

const NOT_UTF8 = 'must be UTF-8'

const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf]

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === LINE_FEED || byte === 0x0d
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every(isSpace)
}
