import { isUtf8 } from 'node:buffer'
import { type Hour, hourOf } from '../../model/hour.ts'
import { labelsOf } from '../../model/slices/slice.ts'
import { instantOf } from '../../model/time/instant.ts'
import { type LogFormat, type LogReading, parseLogLine } from './access-log.ts'
import { looksLikeJsonLog, parseJsonLogLine } from './json-log.ts'
import type { KeyTemplate } from './key-template.ts'

/**
 * How an increment is kept from counting twice: by the name of its batch, which holds lines of one hour by their own
 * time (`timed`) or by the time at which they were read (`arriving`), or by an id of its own (`own-id`).
 */
export type Guard = 'timed' | 'arriving' | 'own-id'

/** The increment that one line asks for. */
export type LineReading = LineIncrement | LineRefusal

export type LineIncrement = StablePart & {
  readonly kind: 'increment'
  /** One JSON object, as it is sent. Made when it is asked for, because an import straight to Postgres sends none. */
  readonly json: () => string
  /** The key of a log's line, which counts 1; null for NDJSON, which is read only where it is judged. */
  readonly key: string | null
  /** The labels beside this key, in the form of `labelsText`. */
  readonly labels: string
  readonly guard: Guard
  /** Null when only the server could tell, and then it refuses the increment. */
  readonly hour: Hour | null
  /** Whether its key was too long for the server and had to be shortened. */
  readonly isShortened: boolean
}

type LineRefusal = StablePart & {
  readonly kind: 'refused'
  readonly reason: string
  /** The hour of the line's own time; null when the line has none that can be read. */
  readonly hour: Hour | null
  /**
   * Whether the line is as it should be, and the client did not send HTTP. Any server on the internet logs such lines.
   */
  readonly isNoRequest?: true
}

type StablePart = {
  /**
   * Bytes of the line that would stay as they are if it was the last one, was being written when it was read, and is
   * complete the next time. All of it when it could not have been read before it was complete.
   */
  readonly stableBytes: number
}

export type Reader = {
  /** Tells apart readers that count other keys for the same lines: the template of their keys, or `ndjson`. */
  readonly rule: string
  readonly read: (line: Buffer, nowMs: number) => LineReading
}

/** Each line of an access log counts one, at the log's own time. */
export function logReader(format: LogFormat, template: string, keyOf: KeyTemplate): Reader {
  return { rule: template, read: (line) => toIncrement(parseLogLine(line.toString('latin1'), format), keyOf) }
}

/** Each line of a JSON access log counts one, at the log's own time. */
export function jsonLogReader(template: string, keyOf: KeyTemplate): Reader {
  return { rule: `json ${template}`, read: (line) => toIncrement(parseJsonLogLine(line), keyOf) }
}

function toIncrement(reading: LogReading, keyOf: KeyTemplate): LineReading {
  const { stableBytes } = reading
  if (reading.kind === 'refused') {
    const { reason, atMs } = reading
    return { kind: 'refused', reason, stableBytes, hour: atMs === null ? null : hourOf(atMs) }
  }
  const { atMs } = reading.request
  const hour = hourOf(atMs)
  const key = keyOf(reading.request)
  if (key.kind === 'no-request')
    return { kind: 'refused', reason: 'not an HTTP request', stableBytes, hour, isNoRequest: true }
  if (key.kind === 'refused') return { kind: 'refused', reason: key.reason, stableBytes, hour }
  const { isShortened, labels: text } = key
  const json = () => {
    const at = new Date(atMs).toISOString().replace('.000Z', 'Z')
    const labels = labelsOf(key.labels)
    return JSON.stringify({ key: key.key, at, ...(labels === undefined ? {} : { labels }) })
  }
  return {
    kind: 'increment',
    json,
    key: key.key,
    labels: text,
    stableBytes,
    guard: 'timed',
    hour,
    isShortened,
  }
}

/**
 * NDJSON goes through byte for byte: the server judges it, and a number beyond 2^53 is not rounded on the way. Only a
 * line that cannot be part of a request at all is refused here.
 *
 * A line without a time and without an id gets the time at which it is read, because a batch with a name needs the time
 * of each increment: a retry in another hour would otherwise count again.
 */
export const ndjsonReader: Reader = { rule: 'ndjson', read: readNdjsonLine }

function readNdjsonLine(line: Buffer, nowMs: number): LineReading {
  const text = isUtf8(line) ? line.toString('utf8').trimEnd() : null
  const value = text === null ? null : parseObject(text)
  if (text === null || value === null) {
    const reason = text === null ? 'not UTF-8' : 'not one JSON object'
    return { kind: 'refused', reason, stableBytes: line.length, hour: null }
  }
  // Only spaces can follow the brace that ends an object.
  const stableBytes = Buffer.byteLength(text)
  const isArriving = value.id === undefined && value.at === undefined
  return {
    kind: 'increment',
    json: () => (isArriving ? withTime(text, nowMs) : text),
    key: null,
    labels: '',
    stableBytes,
    guard: isArriving ? 'arriving' : value.id === undefined ? 'timed' : 'own-id',
    hour: isArriving ? hourOf(nowMs) : hourNamed(value.at),
    isShortened: false,
  }
}

function parseObject(json: string): { readonly at?: unknown; readonly id?: unknown } | null {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

/** The object with one more field before its own, which stay as they are. */
function withTime(json: string, nowMs: number): string {
  const fields = json.slice(json.indexOf('{') + 1)
  const comma = fields.trimStart().startsWith('}') ? '' : ','
  return `{"at":${nowMs}${comma}${fields}`
}

function hourNamed(at: unknown): Hour | null {
  const atMs = instantOf(at)
  return atMs === undefined ? null : hourOf(atMs)
}

/** The format of an input that begins with this line: no line of an access log but JSON begins with a brace. */
export function findFormat(line: Buffer): 'auto' | 'json' | 'ndjson' {
  if (!line.toString('latin1').trimStart().startsWith('{')) return 'auto'
  return looksLikeJsonLog(line) ? 'json' : 'ndjson'
}
