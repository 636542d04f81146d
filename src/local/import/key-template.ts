import { createHash } from 'node:crypto'
import { KEY_BYTES_MAX } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import { keyFault } from '../../model/key.ts'
import { type LoggedRequest, pathOf } from './logged-request.ts'

/** Requests per path, all under one prefix, so that they can be listed and do not mix with other keys. */
export const KEY_DEFAULT = 'requests{path}'

/** The text that `{name}` stands for; null when the line has no such field. */
const FIELDS: Readonly<Record<string, (line: LoggedRequest) => string | null>> = {
  path: (line) => line.request && pathOf(line.request.target),
  target: (line) => line.request?.target ?? null,
  method: (line) => line.request?.method ?? null,
  protocol: (line) => line.request?.protocol ?? null,
  status: (line) => line.status,
  host: (line) => line.host,
  user: (line) => line.user,
  vhost: (line) => line.vhost,
  referer: (line) => line.referer,
  agent: (line) => line.agent,
}

/** Fields that a line lacks when the client did not send HTTP. */
const OF_REQUEST: ReadonlySet<string> = new Set(['path', 'target', 'method', 'protocol'])

export const PLACEHOLDERS: readonly string[] = Object.keys(FIELDS)

export type KeyReading =
  | { readonly kind: 'key'; readonly key: string; readonly isShortened: boolean }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The template asks for a part of the request, and what the client sent was no HTTP. */
  | { readonly kind: 'no-request' }

export type KeyTemplate = (line: LoggedRequest) => KeyReading

/**
 * Compiles `requests{path}` into a function from a logged request to its key.
 *
 * @throws TypeError for a template that can never make a key, worded for the person who typed it
 */
export function compileKeyTemplate(template: string): KeyTemplate {
  const fixed = template.replace(/\{([^{}]*)\}/g, '')
  const names = Array.from(template.matchAll(/\{([^{}]*)\}/g), ([, name = '']) => name)
  const unknown = names.find((name) => !Object.hasOwn(FIELDS, name))
  if (unknown !== undefined) throw new TypeError(`no {${unknown}}: there is ${braced(PLACEHOLDERS)}`)
  if (/[{}]/.test(fixed)) throw new TypeError('a brace is left over')
  const fault = keyFault(fixed)
  // A template of placeholders alone has nothing fixed.
  if (fault !== undefined && (fixed !== '' || names.length === 0)) throw new TypeError(fault)
  return (line) => keyOf(template, names, line)
}

function keyOf(template: string, names: readonly string[], line: LoggedRequest): KeyReading {
  const fields = new Map<string, string>()
  for (const name of names) {
    const text = must(FIELDS[name], 'a placeholder that was checked')(line)
    if (text === null && line.request === null && OF_REQUEST.has(name)) return { kind: 'no-request' }
    if (text === null) return { kind: 'refused', reason: whyMissing(name, line) }
    fields.set(name, text)
  }
  const whole = template.replace(/\{([^{}]*)\}/g, (_, name: string) => must(fields.get(name), 'a field'))
  const key = shorten(whole)
  const fault = keyFault(key)
  if (fault !== undefined) return { kind: 'refused', reason: `its key ${fault}` }
  return { kind: 'key', key, isShortened: key !== whole }
}

/** Hexadecimal digits of a shortened key's hash: 64 bits, so that two long paths that begin alike stay two keys. */
const HASH_DIGITS = 16

/**
 * A key that is longer than the server takes becomes its own beginning, `~`, and the start of its SHA-256: strangers
 * choose the paths in a log, and one of them must not leave a request uncounted.
 */
function shorten(key: string): string {
  const bytes = Buffer.from(key)
  if (bytes.length <= KEY_BYTES_MAX) return key
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, HASH_DIGITS)
  // Cut between characters: a byte of the form 10xxxxxx continues a character.
  let end = KEY_BYTES_MAX - HASH_DIGITS - 1
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${bytes.subarray(0, end).toString()}~${hash}`
}

function whyMissing(name: string, line: LoggedRequest): string {
  if (line.host === null && (name === 'host' || name === 'user'))
    return `no {${name}} for sure: the fields before the time can be read in more than one way`
  if (line.referer !== null && name === 'agent')
    return 'no {agent} for sure: it has quotes that the server did not escape'
  return `no {${name}} in this line`
}

function braced(names: readonly string[]): string {
  return names.map((name) => `{${name}}`).join(' ')
}
