import { SCANNED_BYTES_MIN } from '../../limits.ts'
import { hourOf } from '../../model/hour.ts'
import { idFault } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { readBody } from '../http/bounded-body.ts'
import type { BodyFault, Problem } from '../http/problem.ts'
import type { Terms } from './check.ts'
import type { CheckedIncrements } from './checked-increments.ts'
import { checkIncrements } from './checked-increments.ts'
import { parseJsonExactly } from './exact-numbers.ts'
import type { KnownTexts } from './fast-path/known-texts.ts'
import { readPlainBody } from './fast-path/plain-body.ts'
import { findMonster } from './monster.ts'

type BodyFormat = 'json' | 'ndjson'

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  // A page's beacon can send no other type, unless it may ask beforehand.
  ['text/plain', 'json'],
  ...['ndjson', 'jsonl', 'jsonlines', 'json-lines'].flatMap((name) => [
    [`application/${name}`, 'ndjson'] as const,
    [`application/x-${name}`, 'ndjson'] as const,
  ]),
])

/** Reads a request of `POST /increment` and checks it whole: nothing is taken unless all of it is good. [I2] */
export async function readIncrements(
  request: Request,
  known: KnownTexts,
  terms: Terms,
): Promise<Result<CheckedIncrements, Problem>> {
  const name = parseIdempotencyKey(request.headers.get('idempotency-key'))
  if (!name.ok) return name
  const format = formatOf(request.headers)
  if (!format.ok) return format
  const body = await readBody(request)
  if (!body.ok) return body
  // The hour of a request with a name may be another than that of its arrival.
  const mayBePlain = format.value === 'json' && name.value === undefined
  const plain = mayBePlain ? readPlainBody(new Uint8Array(body.value), known, hourOf(terms.nowMs)) : undefined
  if (plain !== undefined) return ok(plain)
  const items = parseItems(body.value, format.value)
  return items.ok ? checkIncrements(items.value, name.value, terms) : items
}

function formatOf(headers: Headers): Result<BodyFormat, Problem> {
  const contentType = headers.get('content-type') ?? ''
  const format = FORMATS.get(contentType) ?? formatNamed(contentType)
  return format === undefined ? fail({ kind: 'unsupported_media_type', header: 'Content-Type' }) : ok(format)
}

/** The format of a Content-Type with parameters, or in other letters than usual. */
function formatNamed(contentType: string): BodyFormat | undefined {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  const charset = parameters.map((p) => p.trim()).find((p) => p.startsWith('charset='))
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset)
  return isUtf8 ? FORMATS.get(type.trim()) : undefined
}

/** Shared by all bodies: it keeps nothing from one to the next, even after one that it refuses. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

function parseItems(bytes: ArrayBuffer, format: BodyFormat): Result<unknown[], Problem> {
  const isLarge = bytes.byteLength >= SCANNED_BYTES_MIN
  const monster = isLarge ? findMonster(new Uint8Array(bytes), format === 'ndjson') : undefined
  if (monster !== undefined) {
    return fail({ kind: 'invalid_increments', errors: [{ path: '', ...monster }], more: 0 })
  }
  let text: string
  try {
    text = DECODER.decode(bytes)
  } catch {
    return malformed({ kind: 'not_utf8' })
  }
  return format === 'json' ? parseDocument(text) : parseLines(text)
}

function parseDocument(text: string): Result<unknown[], Problem> {
  const parsed = tryParse(text)
  if (!parsed.ok) return malformed({ kind: 'not_json', line: null, position: parsed.error })
  return ok(Array.isArray(parsed.value) ? parsed.value : [parsed.value])
}

/** One item for each line that is not blank. */
function parseLines(text: string): Result<unknown[], Problem> {
  const items: unknown[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = tryParse(line)
    if (!parsed.ok) return malformed({ kind: 'not_json', line: i + 1, position: parsed.error })
    items.push(parsed.value)
  }
  return ok(items)
}

function malformed(fault: BodyFault): Result<never, Problem> {
  return fail({ kind: 'malformed_json', fault })
}

/** @returns the value, or the place of the fault in the parser's words; null when the parser names none. */
function tryParse(text: string): Result<unknown, string | null> {
  try {
    return ok(parseJsonExactly(text))
  } catch (error) {
    // V8 quotes the text that it could not parse, but an increment's content does not belong in answers, which are
    // logged.
    return fail(/position \d+|line \d+ column \d+/.exec(String(error))?.[0] ?? null)
  }
}

/**
 * Reads the name of a whole request: `Idempotency-Key: "..."`, quoted or bare.
 *
 * @returns undefined without the header.
 */
export function parseIdempotencyKey(header: string | null): Result<string | undefined, Problem> {
  if (header === null) return ok(undefined)
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim()
  const fault = idFault(key)
  if (fault === undefined) return ok(key)
  return fail({ kind: 'invalid_parameter', parameter: 'Idempotency-Key', fault })
}
