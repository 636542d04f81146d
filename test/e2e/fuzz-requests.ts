import fc from 'fast-check'
import { type Body, bodies } from './fuzz-bodies.ts'
import * as words from './fuzz-words.ts'

/** A request as the bytes that are sent. */
export type FuzzRequest = {
  readonly bytes: Buffer
  readonly isHead: boolean
  /** Whether the sender stops before the end that the request announces. */
  readonly isCut: boolean
  /** Items in the body, if all of it is good. */
  readonly items: number
  /** For the message of a failure. */
  readonly [fc.toStringMethod]: () => string
}

type Parts = {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly headers: readonly string[]
  readonly body: Body
  readonly isChunked: boolean
  /** Bytes at the end that are never sent; 0 for a whole request. */
  readonly missing: number
}

const pieces = fc.oneof(fc.constantFrom(...words.PIECES), fc.stringMatching(/^[A-Za-z0-9_/-]{0,8}$/))

const garbage = fc.array(pieces, { maxLength: 5 }).map((list) => list.join(''))

const parameters = fc.tuple(
  fc.constantFrom(...words.PARAMETERS),
  fc.oneof(fc.constantFrom(...words.VALUES), garbage),
)

const queries = fc
  .array(parameters, { maxLength: 4 })
  .map((list) => (list.length === 0 ? '' : `?${list.map(([name, value]) => `${name}=${value}`).join('&')}`))

const targets = fc.oneof(
  fc.constantFrom(...words.ASKED),
  fc.tuple(fc.constantFrom(...words.PATHS), queries).map((parts) => parts.join('')),
  fc.tuple(fc.constantFrom(...words.PREFIXES), garbage, queries).map((parts) => parts.join('')),
)

const types = (format: Body['format']) =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(format === 'json' ? 'application/json' : 'application/x-ndjson') },
    { weight: 1, arbitrary: fc.constantFrom(...words.TYPES) },
  )

const extras = fc.oneof(
  { weight: 5, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.subarray(words.HEADERS, { maxLength: 3 }) },
)

/** Nearly always the usual one. */
const hosts = fc.oneof(
  { weight: 8, arbitrary: fc.constant('127.0.0.1') },
  { weight: 1, arbitrary: fc.constantFrom(...words.HOSTS) },
)

const isRare = fc.integer({ min: 0, max: 11 }).map((n) => n === 11)

const whole = bodies.chain((body) =>
  fc.record({
    method: fc.constant('POST'),
    target: fc.oneof(
      { weight: 12, arbitrary: fc.constant('/increment') },
      { weight: 1, arbitrary: queries.map((q) => `/increment${q}`) },
      { weight: 3, arbitrary: fc.constantFrom(...words.RECORDS) },
    ),
    host: hosts,
    headers: fc.tuple(types(body.format), extras).map(([type, more]) => [`content-type: ${type}`, ...more]),
    body: fc.constant(body),
    isChunked: isRare,
    missing: fc.oneof(
      { weight: 14, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.nat({ max: 40 }) },
    ),
  }),
)

const elsewhere = fc.record({
  method: fc.oneof(fc.constantFrom('GET', 'POST'), fc.constantFrom(...words.METHODS)),
  target: targets,
  host: hosts,
  headers: extras,
  body: fc.oneof(fc.constant({ format: 'json' as const, bytes: Buffer.alloc(0) }), bodies),
  isChunked: isRare,
  missing: fc.constant(0),
})

/** Of the grammar of HTTP, so that all of them reach the Worker. */
export const requests: fc.Arbitrary<FuzzRequest> = fc
  .oneof({ weight: 4, arbitrary: whole }, { weight: 1, arbitrary: elsewhere })
  .map(assemble)

const CHUNK_BYTES = 7

/** The runtime takes up to 60 µs for each, so a large body of the smallest chunks would take more than a second. */
const CHUNKS_MAX = 2_000

function assemble({ method, target, host, headers, body, isChunked, missing }: Parts): FuzzRequest {
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${body.bytes.length}`
  // A GET that announces no body is the usual one.
  const isBare = body.bytes.length === 0 && method !== 'POST'
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `host: ${host}`,
    ...headers,
    ...(isBare ? [] : [framing]),
    '',
    '',
  ]
  const sent = isBare || !isChunked ? body.bytes : chunked(body.bytes)
  const all = Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), sent])
  const isCut = missing > 0 && missing <= sent.length
  const bytes = isCut ? all.subarray(0, all.length - missing) : all
  const toText = () => JSON.stringify(bytes.toString('latin1'))
  return {
    bytes,
    isHead: method === 'HEAD',
    isCut,
    items: countItems(body.bytes),
    [fc.toStringMethod]: toText,
  }
}

function chunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  const chunkBytes = Math.max(CHUNK_BYTES, Math.ceil(bytes.length / CHUNKS_MAX))
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes)
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')])
}

/** Of a document, or else of lines: what is good as both has one item. */
function countItems(bytes: Buffer): number {
  const text = bytes.toString().replace(/^\ufeff/, '')
  try {
    const document: unknown = JSON.parse(text)
    return Array.isArray(document) ? document.length : 1
  } catch {
    // No document, then. Whether the lines are good is not asked here.
    return text.split('\n').filter((line) => line.trim() !== '').length
  }
}
