import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'

/** Changes the text of a field; undefined when the text has no such part. */
export type Filter = (text: string) => string | undefined

/** Filters without an argument, by their names. */
const PLAIN: Readonly<Record<string, Filter>> = { path: pathOf, host: hostOf, lower: (t) => t.toLowerCase() }

/** Filters with an argument: `{path|segments:2}`. `or` is not among them, because it needs no text. */
const WITH_ARGUMENT: Readonly<Record<string, (argument: string) => Result<Filter, string>>> = {
  segments: (argument) => {
    if (!/^[1-9]\d?$/.test(argument)) return fail('takes a number from 1 to 99: {path|segments:2}')
    return ok((text) => firstSegments(text, Number(argument)))
  },
}

/** For messages. */
export const FILTERS = 'path, host, lower, segments:N and or:TEXT'

/** Compiles a filter as it stands behind a `|`. */
export function compileFilter(text: string): Result<Filter, string> {
  const [name = '', argument] = splitOnce(text, ':')
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined
  if (plain !== undefined && argument === undefined) return ok(plain)
  const make = Object.hasOwn(WITH_ARGUMENT, name) ? WITH_ARGUMENT[name] : undefined
  if (make === undefined) return fail(`has no filter \`${text.slice(0, 32)}\`: there are ${FILTERS}`)
  const made = make(argument ?? '')
  return made.ok ? made : fail(`: the filter ${name} ${made.error}`)
}

export function splitOnce(text: string, mark: string): [before: string, after: string | undefined] {
  const at = text.indexOf(mark)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)]
}

/**
 * The path of a request target or a URL (RFC 9112, 3.2), without scheme, authority, query and fragment. It begins with a
 * slash, so that a key built on it has whole segments: `OPTIONS *` is `/*`, `CONNECT a:443` is `/a:443`.
 *
 * Not made with `URL`, which would normalise `/a/../b`, and take `//favicon.ico` for a host.
 */
export function pathOf(target: string): string {
  // Nearly all targets begin with a slash.
  if (target.startsWith('/')) return withoutQuery(target)
  const path = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '')
  return path.startsWith('/') ? path : `/${path}`
}

function withoutQuery(target: string): string {
  const [query, fragment] = [target.indexOf('?'), target.indexOf('#')]
  if (query === -1) return fragment === -1 ? target : target.slice(0, fragment)
  return target.slice(0, fragment === -1 ? query : Math.min(query, fragment))
}

/** The host of a URL, or of a Host header, in lower case and without port, user and the dot at its end. */
function hostOf(text: string): string | undefined {
  const authority =
    /^(?:[a-z][a-z0-9+.-]*:)?\/\/([^/?#]*)/i.exec(text)?.[1] ?? /^[^/?#]*/.exec(text)?.[0] ?? ''
  const host = authority
    .slice(authority.lastIndexOf('@') + 1)
    .replace(/:\d*$/, '')
    .replace(/\.$/, '')
    .toLowerCase()
  return host === '' ? undefined : host
}

/** The first segments of a path: `/blog/2026` of `/blog/2026/11/30`. */
function firstSegments(text: string, count: number): string {
  let end = text.startsWith('/') ? 1 : 0
  for (let i = 0; i < count; i++) {
    const next = text.indexOf('/', end)
    if (next === -1) return text
    end = next + 1
  }
  return text.slice(0, end - 1)
}
