import { isUtf8 } from 'node:buffer'
import { type Hour, hourOf } from '../../model/hour.ts'
import { parseRfc3339 } from '../../model/instant.ts'
import { type LogFormat, parseLogLine } from './access-log.ts'
import type { KeyTemplate } from './key-template.ts'

/** What one line asks to be counted. */
export type Reading =
  | {
      readonly kind: 'increment'
      /** As it is sent: one JSON object. */
      readonly json: string
      /** Null when the server decides, or will refuse it. */
      readonly hour: Hour | null
      /** It carries an id, so sending it again counts it once. */
      readonly hasId: boolean
      /** Its key was too long for the server, and is not as its line has it. */
      readonly isShortened: boolean
    }
  | { readonly kind: 'refused'; readonly reason: string }

export type Reader = (line: Buffer) => Reading

/** Each line of an access log counts one, at the log's own time. */
export function logReader(format: LogFormat, keyOf: KeyTemplate): Reader {
  return (line) => {
    const reading = parseLogLine(line.toString('latin1'), format)
    if (reading.kind === 'refused') return reading
    const key = keyOf(reading.request)
    if (key.kind === 'refused') return key
    const { atMs } = reading.request
    const at = new Date(atMs).toISOString().replace('.000Z', 'Z')
    const json = JSON.stringify({ key: key.key, at })
    return { kind: 'increment', json, hour: hourOf(atMs), hasId: false, isShortened: key.isShortened }
  }
}

/**
 * NDJSON goes through byte for byte: the server judges it, and a number beyond 2^53 is not rounded on the way.
 * Only what could not be put into a request at all is refused here.
 */
export const ndjsonReader: Reader = (line) => {
  if (!isUtf8(line)) return { kind: 'refused', reason: 'not UTF-8' }
  const json = line.toString('utf8')
  const value = parseObject(json)
  if (value === null) return { kind: 'refused', reason: 'not one JSON object' }
  const hasId = typeof value.id === 'string'
  return { kind: 'increment', json, hour: hourNamed(value.at), hasId, isShortened: false }
}

function parseObject(json: string): { readonly at?: unknown; readonly id?: unknown } | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

function hourNamed(at: unknown): Hour | null {
  const atMs = typeof at === 'string' ? parseRfc3339(at) : at
  return Number.isSafeInteger(atMs) ? hourOf(Number(atMs)) : null
}

/** An access log line never begins with a brace, and an increment always does. */
export function looksLikeNdjson(line: Buffer): boolean {
  return line.toString('latin1').trimStart().startsWith('{')
}
