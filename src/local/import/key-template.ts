import { createHash } from 'node:crypto'
import { keyFault } from '../../model/key.ts'
import { pathOf } from '../../model/meter/filters.ts'
import { fitKey, fitLabels } from '../../model/meter/fit-key.ts'
import { compileTemplate, type Lack } from '../../model/meter/template.ts'
import { sliceFault } from '../../model/slices/labels.ts'
import type { LoggedRequest } from './logged-request.ts'

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
  | {
      readonly kind: 'key'
      readonly key: string
      /** In the form of `labelsText`; empty without any. */
      readonly labels: string
      readonly isShortened: boolean
    }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The template asks for a part of the request, and what the client sent was no HTTP. */
  | { readonly kind: 'no-request' }

export type KeyTemplate = (line: LoggedRequest) => KeyReading

/**
 * Compiles `requests{path}` into a function from a logged request to its key. The language is that of meters.
 *
 * @throws TypeError for a template that can never make a key, worded for the person who typed it
 */
export function compileKeyTemplate(template: string, labels: LabelTemplates = {}): KeyTemplate {
  const read = compileLine(template)
  const labelled = Object.entries(labels).map(([name, text]) => [name, compileLine(text)] as const)
  return (line) => {
    const reading = keyOf(line, read(line))
    if (reading.kind !== 'key' || labelled.length === 0) return reading
    const found = labelled.map(([name, value]) => [name, labelValue(value(line))])
    const own = fitLabels(Object.fromEntries(found), sha256)
    const fault = sliceFault(reading.key, own)
    return fault === undefined
      ? { ...reading, labels: own }
      : { kind: 'refused', reason: `its labels ${fault}` }
  }
}

/** Templates by the names of labels. */
export type LabelTemplates = Readonly<Record<string, string>>

/** The value of a label; empty, so that there is no such label, where the line has no such field or leaves it empty. */
function labelValue(text: string | Lack): string {
  return typeof text !== 'string' || text === '-' ? '' : text
}

function compileLine(template: string): (line: LoggedRequest) => string | Lack {
  const compiled = compileTemplate(template, true)
  if (!compiled.ok) throw new TypeError(compiled.error)
  const { placeholders, read } = compiled.value
  const names = placeholders.map(({ name }) => name)
  const unknown = names.find((name) => !Object.hasOwn(FIELDS, name))
  if (unknown !== undefined) throw new TypeError(`no {${unknown}}: there is ${braced(PLACEHOLDERS)}`)
  return (line) => {
    const record: Record<string, string | null> = {}
    for (const name of names) record[name] = FIELDS[name]?.(line) ?? null
    return read(record)
  }
}

function keyOf(line: LoggedRequest, text: string | Lack): KeyReading {
  if (typeof text !== 'string') {
    if (line.request === null && OF_REQUEST.has(text.path)) return { kind: 'no-request' }
    return { kind: 'refused', reason: whyMissing(text.path, line) }
  }
  const key = fitKey(text, sha256)
  const fault = keyFault(key)
  if (fault !== undefined) return { kind: 'refused', reason: `its key ${fault}` }
  return { kind: 'key', key, labels: '', isShortened: key !== text }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
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
