import { fieldText } from './log-text.ts'

/** `auto` takes either; the other two refuse a line of the other one. */
export type LogFormat = 'auto' | 'common' | 'combined'

/** One request as the server logged it. A field that the server left out is `-`, as in the log. */
export type LoggedRequest = {
  /** The client: an IPv4 or IPv6 address, or its name. */
  readonly host: string
  readonly user: string
  /** Unix time in milliseconds; logs have whole seconds. */
  readonly atMs: number
  /** Null when the client did not send HTTP, but nothing at all, a TLS hello or a port scan. */
  readonly request: RequestLine | null
  readonly status: string
  /** Null where the line has no such field: the common format, or a line cut short. */
  readonly referer: string | null
  readonly agent: string | null
}

export type RequestLine = {
  readonly method: string
  /** As the client sent it, query string included. Percent-encoding is left alone. */
  readonly target: string
  /** `HTTP/1.1`; `HTTP/0.9` for a request line without one. */
  readonly protocol: string
}

export type LogReading =
  | {
      readonly kind: 'request'
      readonly request: LoggedRequest
      /** Bytes up to the end of the status. They stay as they are when a line that was cut off after them is completed. */
      readonly settledBytes: number
    }
  /** Not a line of this format. `reason` says what is missing, without quoting the line. */
  | {
      readonly kind: 'refused'
      readonly reason: string
      /** The line's time in Unix milliseconds; null when it has none that can be read. */
      readonly atMs: number | null
      readonly settledBytes: number
    }

// [^ ] and not \S, because in a byte string 0xA0 is half of an "à", and \S takes it for a space.
// The first `] "` ends the time: servers escape quotes, so no user name can hold one.
const HEAD = /^([^ ]+) [^ ]+ (.+?) \[([^\]]{1,64})\] "/s

// Servers of old did not escape quotes, so the request ends at the first quote that a status and a size follow.
const REST = /((?:[^\\]|\\.)*?)" (\d{3}|-) (\d+|-)(?: (.*))?$/sy

// A log cut short (a full disk, a rotation) leaves the last field open. Its request is whole, so it counts.
const REFERER_AND_AGENT = /^"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)(?:"|$)/s

/**
 * Reads one line of a web server's access log, in the common or the combined format
 * (https://httpd.apache.org/docs/2.4/logs.html#accesslog). Fields after the agent are ignored.
 *
 * `line` is a byte string (`latin1`), without its line end.
 */
export function parseLogLine(line: string, format: LogFormat = 'auto'): LogReading {
  const head = HEAD.exec(line)
  const bytes = line.length
  if (head === null)
    return refused('not an access log line: no `host ident user [time] "request"`', null, bytes)
  const [begin, host = '', user = '', time = ''] = head
  const atMs = parseLogTime(time)
  if (atMs === null) return refused('no such time (expected [17/May/2015:10:05:03 +0000])', null, bytes)
  REST.lastIndex = begin.length
  const rest = REST.exec(line)
  if (rest === null) return refused('no `"request" status size` after the time', atMs, bytes)
  const [, request = '', status = '', , trailer = ''] = rest
  const [, referer, agent] = REFERER_AND_AGENT.exec(trailer) ?? []
  const settledBytes = begin.length + request.length + '" '.length + status.length
  if (format === 'common' && trailer !== '')
    return refused('more fields than the common format has', atMs, settledBytes)
  if (format === 'combined' && agent === undefined)
    return refused('no referer and agent (combined format)', atMs, settledBytes)
  return {
    kind: 'request',
    settledBytes,
    request: {
      host: fieldText(host),
      user: fieldText(user),
      atMs,
      request: parseRequestLine(request),
      status,
      referer: referer === undefined ? null : fieldText(referer),
      agent: agent === undefined ? null : fieldText(agent),
    },
  }
}

const MODERN = /^([\w!#$%&'*+.^`|~-]+) (.+) (HTTP\/\d+(?:\.\d+)?)$/s

// HTTP/0.9, and Apache's line for a request that was too long (414). It must have a path, because port scanners send
// `t3 12.1.2` and the like.
const WITHOUT_PROTOCOL = /^([\w!#$%&'*+.^`|~-]+) (\/.*)$/s

function parseRequestLine(field: string): RequestLine | null {
  const match = MODERN.exec(field) ?? WITHOUT_PROTOCOL.exec(field)
  if (match === null) return null
  const [, method = '', target = '', protocol = 'HTTP/0.9'] = match
  return { method, target: fieldText(target), protocol }
}

/**
 * The path of a request target (RFC 9112, 3.2), without scheme, authority, query and fragment. It begins with a slash, so
 * that a key built on it has whole segments: `OPTIONS *` is `/*`, `CONNECT a:443` is `/a:443`.
 *
 * Not made with `URL`, which would normalise `/a/../b`, and take `//favicon.ico` for a host.
 */
export function pathOf(target: string): string {
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  return path.startsWith('/') ? path : `/${path}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TIME = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):([0-5]\d):([0-5]\d|60) ([+-])(\d{2})([0-5]\d)$/

/** Unix milliseconds of `17/May/2015:10:05:03 -0700`; null when there is no such time. */
export function parseLogTime(text: string): number | null {
  const [whole, day, month = '', year, hour, minute, second, sign, zoneHours, zoneMinutes] =
    TIME.exec(text) ?? []
  if (whole === undefined) return null
  // A leap second stays in the hour it was logged in.
  const seconds = Math.min(Number(second), 59)
  const local = new Date(Date.UTC(Number(year), MONTHS.indexOf(month), Number(day)))
  const exists = local.getUTCDate() === Number(day) && local.getUTCMonth() === MONTHS.indexOf(month)
  // Date.UTC reads a year below 100 as 19xx.
  if (!exists || local.getUTCFullYear() !== Number(year) || Number(hour) > 23 || Number(zoneHours) > 23)
    return null
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes))
  return local.getTime() + ((Number(hour) * 60 + Number(minute) - offsetMinutes) * 60 + seconds) * 1000
}

function refused(reason: string, atMs: number | null, settledBytes: number): LogReading {
  return { kind: 'refused', reason, atMs, settledBytes }
}
