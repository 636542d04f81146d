import { isUtf8 } from 'node:buffer'
import { instantInAnyUnit } from '../../model/time/any-unit.ts'
import { type LogReading, parseLogTime } from './access-log.ts'
import { spellOut } from './log-text.ts'
import { type LoggedRequest, parseRequestLine, type RequestLine } from './logged-request.ts'

type Fields = Readonly<Record<string, unknown>>

/** Names under which servers write a field: those of nginx's variables, and others that people choose. */
const NAMES = {
  time: ['time', 'time_iso8601', 'timestamp', '@timestamp', 'ts', 'msec', 'time_local'],
  host: ['remote_addr', 'client_ip', 'remote_ip'],
  user: ['remote_user', 'user_id'],
  vhost: ['host', 'http_host', 'server_name'],
  method: ['request_method', 'method'],
  // Not nginx's `uri`, unless there is nothing else: it is decoded and has no query string.
  target: ['request_uri', 'uri'],
  protocol: ['server_protocol', 'proto'],
  status: ['status'],
  referer: ['http_referer', 'referer'],
  agent: ['http_user_agent', 'user_agent'],
} as const

/**
 * Reads one line of a JSON access log: Caddy's, or one that nginx writes with `escape=json`, of whichever fields it
 * has.
 */
export function parseJsonLogLine(line: Buffer): LogReading {
  // nginx writes bytes that are not UTF-8 as they are.
  const text = (isUtf8(line) ? line.toString('utf8') : spellOut(line)).trimEnd()
  const stableBytes = line.toString('latin1').trimEnd().length
  const fields = objectOf(text)
  if (fields === null) return { kind: 'refused', reason: 'not one JSON object', atMs: null, stableBytes }
  const atMs = timeOf(firstOf(fields, NAMES.time))
  if (atMs === null) {
    const reason = `no time that can be read (${NAMES.time.join(', ')})`
    return { kind: 'refused', reason, atMs, stableBytes }
  }
  const caddys = asFields(fields['request'])
  const request = caddys === null ? ofNginx(fields, atMs) : ofCaddy(fields, caddys, atMs)
  return { kind: 'request', request, stableBytes }
}

/** Whether an input that begins with this line is a JSON access log, and not increments: those have a key. */
export function looksLikeJsonLog(line: Buffer): boolean {
  const fields = objectOf(line.toString('latin1'))
  if (fields === null || Object.hasOwn(fields, 'key')) return false
  const hasRequest = [...NAMES.target, 'request'].some((name) => Object.hasOwn(fields, name))
  return firstOf(fields, NAMES.time) !== undefined && (hasRequest || Object.hasOwn(fields, 'logger'))
}

/** https://caddyserver.com/docs/caddyfile/directives/log: a line without a request is of Caddy's own doings. */
function ofCaddy(fields: Fields, request: Fields, atMs: number): LoggedRequest {
  const headers = asFields(request['headers']) ?? {}
  const header = (name: string) => (Array.isArray(headers[name]) ? textOf(headers[name][0]) : null) ?? '-'
  return {
    host: textOf(request['client_ip']) ?? textOf(request['remote_ip']),
    user: textOf(fields['user_id']) ?? '-',
    vhost: withoutPort(textOf(request['host'])),
    atMs,
    request: partsOf(request),
    status: textOf(fields['status']),
    referer: header('Referer'),
    agent: header('User-Agent'),
  }
}

function ofNginx(fields: Fields, atMs: number): LoggedRequest {
  const whole = fields['request']
  return {
    host: textOf(firstOf(fields, NAMES.host)),
    user: textOf(firstOf(fields, NAMES.user)),
    vhost: withoutPort(textOf(firstOf(fields, NAMES.vhost))),
    atMs,
    request: typeof whole === 'string' ? parseRequestLine(whole, keyText) : partsOf(fields),
    status: textOf(firstOf(fields, NAMES.status)),
    referer: textOf(firstOf(fields, NAMES.referer)),
    agent: textOf(firstOf(fields, NAMES.agent)),
  }
}

/** A request whose parts are fields of their own. A target alone is enough, and the other parts are `-` then. */
function partsOf(fields: Fields): RequestLine | null {
  const target = textOf(firstOf(fields, NAMES.target))
  if (target === null) return null
  const method = textOf(firstOf(fields, NAMES.method)) ?? '-'
  return { method, target, protocol: textOf(firstOf(fields, NAMES.protocol)) ?? '-' }
}

/** Unix milliseconds of a time in any unit, of RFC 3339, or of the common format; null for what is none of them. */
function timeOf(value: unknown): number | null {
  const time = instantInAnyUnit(value)
  if (time !== undefined || typeof value !== 'string') return time ?? null
  return parseLogTime(value.replace(/^\[|\]$/g, ''))
}

function firstOf(fields: Fields, names: readonly string[]): unknown {
  const name = names.find((each) => Object.hasOwn(fields, each))
  return name === undefined ? undefined : fields[name]
}

function objectOf(json: string): Fields | null {
  try {
    return asFields(JSON.parse(json))
  } catch {
    return null
  }
}

function asFields(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
}

/** The text of a field; null when it is empty, or neither a text nor a number. */
function textOf(value: unknown): string | null {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? keyText(value) : null
}

function keyText(text: string): string {
  return spellOut(Buffer.from(text))
}

function withoutPort(host: string | null): string | null {
  return host === null ? null : host.replace(/:\d{1,5}$/, '')
}
