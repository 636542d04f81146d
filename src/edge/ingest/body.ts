import { REQUEST_BYTES_MAX } from '../../limits.ts'
import { idFault } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { BodyFault, Problem } from '../http/problem.ts'
import { parseJsonExactly } from './exact-numbers.ts'
import type { KnownKeys } from './fast-path/known-keys.ts'
import { readPlainBody } from './fast-path/plain-body.ts'
import type { AskedIncrements } from './ingest.ts'

type Format = 'json' | 'ndjson'

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
])

/** What `POST /increment` asks to count, by its header and its body. */
export async function readIncrements(
  request: Request,
  known: KnownKeys,
): Promise<Result<AskedIncrements, Problem>> {
  const idempotencyKey = parseIdempotencyKey(request.headers.get('idempotency-key'))
  if (typeof idempotencyKey === 'object') return fail(idempotencyKey)
  const format = formatOf(request.headers)
  if (typeof format !== 'string') return fail(format)
  const bytes = await readBounded(request)
  if ('kind' in bytes) return fail(bytes)
  // By the name of the request its hour may be another than that of its arrival.
  const isPlain = format === 'json' && idempotencyKey === undefined
  const plain = isPlain ? readPlainBody(new Uint8Array(bytes), known) : undefined
  if (plain !== undefined) return ok({ plain })
  const items = parseItems(bytes, format)
  return 'kind' in items ? fail(items) : ok({ items, idempotencyKey })
}

function formatOf(headers: Headers): Format | Problem {
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') return { kind: 'unsupported_media_type', header: 'Content-Encoding' }
  const contentType = headers.get('content-type') ?? ''
  return FORMATS.get(contentType) ?? formatNamed(contentType)
}

function formatNamed(contentType: string): Format | Problem {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  const charset = parameters.map((p) => p.trim()).find((p) => p.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  const format = FORMATS.get(type.trim())
  if (format !== undefined && isUtf8) return format
  return { kind: 'unsupported_media_type', header: 'Content-Type' }
}

export const TOO_LARGE: Problem = { kind: 'body_too_large', bytesMax: REQUEST_BYTES_MAX }

async function readBounded(request: Request): Promise<ArrayBuffer | Problem> {
  try {
    const declared = request.headers.get('content-length')
    if (declared === null) return await readUpTo(REQUEST_BYTES_MAX, request.body)
    return Number(declared) > REQUEST_BYTES_MAX ? TOO_LARGE : await request.arrayBuffer()
  } catch {
    // The client has gone in the middle of its body; nobody hears the answer.
    return malformed({ kind: 'cut_off' })
  }
}

async function readUpTo(bytesMax: number, body: ReadableStream | null): Promise<ArrayBuffer | Problem> {
  if (body === null) return new ArrayBuffer()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    // Leaving the loop cancels the stream.
    if (size > bytesMax) return TOO_LARGE
    chunks.push(chunk)
  }
  return new Blob(chunks).arrayBuffer()
}

/** One for all bodies: it keeps nothing from one to the next, also from one that it refuses. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

function parseItems(bytes: ArrayBuffer, format: Format): unknown[] | Problem {
  let text: string
  try {
    text = DECODER.decode(bytes)
  } catch {
    return malformed({ kind: 'not_utf8' })
  }
  return format === 'json' ? parseDocument(text) : parseLines(text)
}

function parseDocument(text: string): unknown[] | Problem {
  const parsed = tryParse(text)
  if ('position' in parsed) return malformed({ kind: 'not_json', line: null, ...parsed })
  return Array.isArray(parsed.value) ? parsed.value : [parsed.value]
}

/** One item for each line that is not blank. */
function parseLines(text: string): unknown[] | Problem {
  const items: unknown[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = tryParse(line)
    if ('position' in parsed) return malformed({ kind: 'not_json', line: i + 1, ...parsed })
    items.push(parsed.value)
  }
  return items
}

function malformed(fault: BodyFault): Problem {
  return { kind: 'malformed_json', fault }
}

function tryParse(text: string): { value: unknown } | { position: string | null } {
  try {
    return { value: parseJsonExactly(text) }
  } catch (error) {
    // V8 quotes what it could not parse; an increment's content does not belong in answers that are logged.
    return { position: /position \d+|line \d+ column \d+/.exec(String(error))?.[0] ?? null }
  }
}

/**
 * The name of a whole request: `Idempotency-Key: "..."`, quoted or bare.
 *
 * @returns undefined without the header.
 */
export function parseIdempotencyKey(header: string | null): string | undefined | Problem {
  if (header === null) return undefined
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim()
  const fault = idFault(key)
  if (fault === undefined) return key
  return { kind: 'invalid_parameter', parameter: 'Idempotency-Key', fault }
}
