import { REQUEST_BYTES_MAX } from '../limits.ts'
import { parseIdempotencyKey } from '../model/increment.ts'
import { parseJsonExactly } from '../model/json-source.ts'
import type { Problem } from '../model/problem.ts'
import type { AskedIncrements } from './ingest.ts'

type Format = 'json' | 'ndjson'

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
])

/** What `POST /increment` asks to count, by its header and its body. */
export async function readIncrements(request: Request): Promise<AskedIncrements | Problem> {
  const idempotencyKey = parseIdempotencyKey(request.headers.get('idempotency-key'))
  if (typeof idempotencyKey === 'object') return idempotencyKey
  const items = await readItems(request)
  return 'kind' in items ? items : { items, idempotencyKey }
}

/** The items of a request's body, parsed and not yet checked. The body is read up to its bound and no further. */
export async function readItems(request: Request): Promise<unknown[] | Problem> {
  const format = formatOf(request.headers)
  if (typeof format !== 'string') return format
  const bytes = await readBounded(request)
  if ('kind' in bytes) return bytes
  return parseItems(bytes, format)
}

function formatOf(headers: Headers): Format | Problem {
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') {
    return {
      kind: 'unsupported_media_type',
      detail: 'Bodies are taken uncompressed: send no Content-Encoding.',
    }
  }
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  const charset = parameters.map((p) => p.trim()).find((p) => p.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  const format = FORMATS.get(type.trim())
  if (format !== undefined && isUtf8) return format
  const detail =
    'Send Content-Type application/json (an object or an array) or application/x-ndjson, in UTF-8.'
  return { kind: 'unsupported_media_type', detail }
}

const TOO_LARGE: Problem = {
  kind: 'body_too_large',
  detail: `A body has at most ${REQUEST_BYTES_MAX} bytes: send several.`,
}

async function readBounded(request: Request): Promise<Uint8Array | Problem> {
  try {
    return await readUpTo(REQUEST_BYTES_MAX, request)
  } catch (error) {
    // The client has gone in the middle of its body; nobody hears the answer.
    return {
      kind: 'malformed_json',
      detail: `The body broke off: ${error instanceof Error ? error.name : ''}.`,
    }
  }
}

async function readUpTo(bytesMax: number, request: Request): Promise<Uint8Array | Problem> {
  const declared = request.headers.get('content-length')
  if (Number(declared ?? 0) > bytesMax) return TOO_LARGE
  if (declared !== null) return new Uint8Array(await request.arrayBuffer())
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > bytesMax) return TOO_LARGE
    chunks.push(chunk)
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

function parseItems(bytes: Uint8Array, format: Format): unknown[] | Problem {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes)
  } catch {
    return { kind: 'malformed_json', detail: 'The body is not UTF-8.' }
  }
  return format === 'json' ? parseDocument(text) : parseLines(text)
}

function parseDocument(text: string): unknown[] | Problem {
  const parsed = tryParse(text)
  if ('fault' in parsed) return { kind: 'malformed_json', detail: `The body is not JSON. ${parsed.fault}` }
  return Array.isArray(parsed.value) ? parsed.value : [parsed.value]
}

/** One item for each line that is not blank. */
function parseLines(text: string): unknown[] | Problem {
  const items: unknown[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = tryParse(line)
    if ('fault' in parsed)
      return { kind: 'malformed_json', detail: `Line ${i + 1} is not JSON. ${parsed.fault}` }
    items.push(parsed.value)
  }
  return items
}

function tryParse(text: string): { value: unknown } | { fault: string } {
  try {
    return { value: parseJsonExactly(text) }
  } catch (error) {
    // V8 quotes what it could not parse; an increment's content does not belong in answers that are logged.
    const position = /at position \d+|line \d+ column \d+/.exec(String(error))?.[0]
    return { fault: position === undefined ? 'Check that it is complete.' : `The fault is ${position}.` }
  }
}
