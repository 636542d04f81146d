import { FOREIGN_DEPTH_MAX, FOREIGN_FIELDS_MAX, SCANNED_BYTES_MIN } from '../../../../limits.ts'
import type { Result } from '../../../../model/result.ts'
import { fail, ok } from '../../../../model/result.ts'
import type { BodyFault } from '../../../http/problem.ts'
import { isMonster } from '../../monster.ts'
import { decode, parseRecord } from '../records/parse.ts'
import { attributesOf, hasJsonData, type Mode } from './modes.ts'

/**
 * Reads the events of a request, unchecked.
 *
 * @returns a fault of the body, when none of it can be read.
 */
export function readEvents(
  headers: Headers,
  mode: Mode,
  body: Uint8Array,
): Result<readonly unknown[], BodyFault> {
  if (mode === 'binary') return ok([binaryEvent(headers, body)])
  const parsed = parse(body)
  if (!parsed.ok) return parsed
  const { value } = parsed
  return ok(Array.isArray(value) && mode !== 'structured' ? value : [value])
}

function parse(body: Uint8Array): Result<unknown, BodyFault> {
  const text = decode(body)
  if (text === undefined) return fail({ kind: 'not_utf8' })
  if (body.length >= SCANNED_BYTES_MIN && isMonster(body, FOREIGN_DEPTH_MAX, FOREIGN_FIELDS_MAX))
    return NOT_JSON
  const parsed = parseRecord(text)
  return parsed.ok ? parsed : NOT_JSON
}

const NOT_JSON = fail<BodyFault>({ kind: 'not_json', line: null, position: null })

/** Data that is no JSON is left out: no meter can read it. */
function binaryEvent(headers: Headers, body: Uint8Array): Readonly<Record<string, unknown>> {
  const data = body.length > 0 && hasJsonData(headers) ? parse(body) : undefined
  return { ...attributesOf(headers), ...(data?.ok ? { data: data.value } : {}) }
}
