import { readRequester } from './in-front-of-time.ts'
import { fieldText } from './log-text.ts'
import { type LoggedRequest, parseRequestLine } from './logged-request.ts'

/** `auto` takes either; the other two refuse a line of the other one. */
export type LogFormat = 'auto' | 'common' | 'combined'

export type LogReading =
  | {
      readonly kind: 'request'
      readonly request: LoggedRequest
      /**
       * Bytes up to the end of the status. They stay as they are when a line that was cut off after them is completed.
       */
      readonly stableBytes: number
    }
  /** Not a line of this format. `reason` says what is missing, without quoting the line. */
  | {
      readonly kind: 'refused'
      readonly reason: string
      /** The line's time in Unix milliseconds; null when it has none that can be read. */
      readonly atMs: number | null
      readonly stableBytes: number
    }

// The first `[time] "` is the time. Servers escape quotes, so no user name can hold it. A user name can hold brackets,
// and whoever sends one must not be able to hide a request.
const HEAD = /^(.+?) \[([^\][]{1,64})\] "/s

// Servers of old did not escape quotes, so the request ends at the first quote that a status and a size follow.
const REST = /((?:[^\\]|\\.)*?)" (\d{3}|-) (\d+|-)(?: (.*))?$/sy

// A log cut short (a full disk, a rotation) leaves the last field open. Its request is whole, so it counts.
const REFERER_AND_AGENT = /^"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)(?:"(.*)|$)/s

// Further fields, with quotes or without: a log of nginx has the client's X-Forwarded-For there.
const FURTHER_FIELDS = /^(?: (?:"(?:[^"\\]|\\.)*"|[^ "]*))*$/s

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
  const [begin, before = '', time = ''] = head
  const requester = readRequester(before)
  if (requester === null)
    return refused('not an access log line: no `host ident user [time] "request"`', null, bytes)
  const atMs = parseLogTime(time)
  if (atMs === null) return refused('no such time (expected [17/May/2015:10:05:03 +0000])', null, bytes)
  REST.lastIndex = begin.length
  const rest = REST.exec(line)
  if (rest === null) return refused('no `"request" status size` after the time', atMs, bytes)
  const [, request = '', status = '', , trailer = ''] = rest
  const { referer, agent } = readTrailer(trailer)
  const stableBytes = begin.length + request.length + '" '.length + status.length
  if (format === 'common' && trailer !== '')
    return refused('more fields than the common format has', atMs, stableBytes)
  if (format === 'combined' && referer === null)
    return refused('no referer and agent (combined format)', atMs, stableBytes)
  return {
    kind: 'request',
    stableBytes,
    request: {
      host: textOf(requester.host),
      user: textOf(requester.user),
      vhost: textOf(requester.vhost),
      atMs,
      request: parseRequestLine(request, fieldText),
      status,
      referer: textOf(referer),
      agent: textOf(agent),
    },
  }
}

function textOf(field: string | null): string | null {
  return field === null ? null : fieldText(field)
}

type Trailer = { readonly referer: string | null; readonly agent: string | null }

/**
 * The fields behind the size. The agent is what the client sent, and a server of old does not escape the quotes in it:
 * then it is taken as a whole where only one way to read it is left, and is null otherwise.
 */
function readTrailer(trailer: string): Trailer {
  const [, referer, agent, further = ''] = REFERER_AND_AGENT.exec(trailer) ?? []
  if (referer === undefined || agent === undefined) return { referer: null, agent: null }
  if (FURTHER_FIELDS.test(further)) return { referer, agent }
  const isOne = further.endsWith('"') && !further.includes('" ')
  return { referer, agent: isOne ? `${agent}"${further.slice(0, -1)}` : null }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
// Apache can log milliseconds or more: `%{...:%S}t.%{msec_frac}t`.
const TIME =
  /^((\d{2})\/([A-Z][a-z]{2})\/(\d{4})):(\d{2}):([0-5]\d):([0-5]\d|60)(?:[.,](\d{1,9}))? ([+-])(\d{2})([0-5]\d)$/

/** Unix milliseconds of `17/May/2015:10:05:03 -0700`; null when there is no such time. */
export function parseLogTime(text: string): number | null {
  const [
    whole,
    date = '',
    day,
    month = '',
    year,
    hour,
    minute,
    second,
    fraction = '',
    sign,
    zoneHours,
    zoneMinutes,
  ] = TIME.exec(text) ?? []
  if (whole === undefined || Number(hour) > 23 || Number(zoneHours) > 23) return null
  // Neighbouring lines share a day, and to ask for one takes longer than to read the rest of the line's time.
  if (date !== known.date) known = { date, ms: dayMs(Number(year), MONTHS.indexOf(month), Number(day)) }
  if (known.ms === null) return null
  // A leap second stays in the hour it was logged in.
  const seconds = Math.min(Number(second), 59)
  const offsetMinutes = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes))
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3))
  return known.ms + ((Number(hour) * 60 + Number(minute) - offsetMinutes) * 60 + seconds) * 1000 + ms
}

/** The day that was read last. */
let known: { readonly date: string; readonly ms: number | null } = { date: '', ms: null }

/** When a day begins in UTC; null when there is no such day. */
function dayMs(year: number, month: number, day: number): number | null {
  const date = new Date(Date.UTC(year, month, day))
  // Date.UTC reads a year below 100 as 19xx.
  const exists = date.getUTCDate() === day && date.getUTCMonth() === month && date.getUTCFullYear() === year
  return exists ? date.getTime() : null
}

function refused(reason: string, atMs: number | null, stableBytes: number): LogReading {
  return { kind: 'refused', reason, atMs, stableBytes }
}
