import { LABELS_MAX } from '../../limits.ts'
import { must } from '../assert.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { labelNameFault } from '../slices/labels.ts'
import type { Labels } from '../slices/slice.ts'
import { instantInAnyUnit } from '../time/any-unit.ts'
import { nearWhole, scaled } from './decimal.ts'
import { type Conditions, compileMatch, type Matches } from './match.ts'
import { compilePath, type Path } from './path.ts'
import { compileTemplate, type Lack, type Placeholder, type Template } from './template.ts'

/** How a record in a foreign format becomes an increment, as a user writes it. docs/meters.md explains each field. */
export type MeterDefinition = {
  readonly name?: string | undefined
  readonly match?: Conditions | undefined
  readonly key: string
  readonly value?: string | undefined
  /** A power of ten, as its exponent. */
  readonly scale?: number | undefined
  /** Templates by the names of labels. A label whose field is missing or empty is left out. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly at?: string | undefined
  readonly id?: string | undefined
  /** The path of the records in each object that comes. */
  readonly records?: string | undefined
  /** `count` leaves the delivery without a name. */
  readonly repeat?: 'once' | 'count' | undefined
}

/** A record as a meter reads it. */
export type MeterReading =
  | {
      readonly kind: 'increment'
      /** As the record has it: see `fitKey`. */
      readonly key: string
      readonly value: number
      readonly atMs: number | undefined
      readonly id: string | undefined
      /** As the record has them: see `fitLabels`. Undefined for a meter without any. */
      readonly labels: Labels | undefined
    }
  /** The meter is not for this record. */
  | { readonly kind: 'unmatched' }
  | ({ readonly kind: 'refused'; readonly reason: 'field' | 'value' | 'time' } & Lack)

export type Meter = {
  /** Empty for one that came with its request. */
  readonly name: string
  /** All that decides what it counts, as text, for the names of deliveries. [N1] */
  readonly text: string
  readonly recordsPath: string | null
  /** The fields of the key and the labels, from which somebody learns which of them has too many values. */
  readonly fields: readonly Placeholder[]
  /** Whether it picks its records, so that nobody has to name it for them. */
  readonly hasMatch: boolean
  readonly hasValue: boolean
  readonly hasTime: boolean
  readonly hasId: boolean
  readonly countsAgain: boolean
  /** @param isAddedUp whether the record's doubles were added up by its sender. See `nearWhole`. */
  readonly read: (record: unknown, isAddedUp?: boolean) => MeterReading
}

/** A fault of a definition; `message` is a clause. */
export type MeterFault = { readonly field: keyof MeterDefinition; readonly message: string }

export function compileMeter(definition: MeterDefinition): Result<Meter, readonly MeterFault[]> {
  const faults: MeterFault[] = []
  const template = (field: 'key' | 'value' | 'at' | 'id'): Template | null => {
    const text = definition[field]
    if (text === undefined) return null
    const compiled = compileTemplate(text)
    const message = compiled.ok ? fixedFault(field, compiled.value) : compiled.error
    if (message !== undefined) faults.push({ field, message })
    return compiled.ok ? compiled.value : null
  }
  const parts = { key: template('key'), value: template('value'), at: template('at'), id: template('id') }
  const labels = compileLabels(definition.labels, faults)
  const match = compileMatch(definition.match ?? {})
  if (!match.ok) faults.push({ field: 'match', message: match.error })
  const isScaled = definition.scale !== undefined && definition.scale !== 0
  if (isScaled && definition.value === undefined) faults.push({ field: 'scale', message: NOTHING_TO_SCALE })
  if (faults.length > 0 || !match.ok) return fail(faults)
  const { name = '', repeat, records } = definition
  const key = must(parts.key, 'the template of a key')
  return ok({
    name,
    text: textOf(definition),
    recordsPath: records ?? null,
    fields: [...key.placeholders, ...labels.flatMap(([, { placeholders }]) => placeholders)],
    hasMatch: Object.keys(definition.match ?? {}).length > 0,
    hasValue: parts.value !== null,
    hasTime: parts.at !== null,
    hasId: parts.id !== null,
    countsAgain: repeat === 'count',
    read: readerOf({ ...parts, key, labels }, match.value, definition.scale ?? 0),
  })
}

const NOTHING_TO_SCALE = 'multiplies the value, so the meter needs a `value`, such as {value}'

/** Why a template that compiles is not one for its field. */
function fixedFault(field: string, { placeholders }: Template): string | undefined {
  if (field === 'key' || placeholders.length > 0) return undefined
  return `must have a field in braces, such as {${field === 'at' ? 'timestamp' : field}}`
}

type Templates = {
  readonly key: Template
  readonly value: Template | null
  readonly at: Template | null
  readonly id: Template | null
  readonly labels: readonly LabelTemplate[]
}

type LabelTemplate = readonly [name: string, template: Template]

function compileLabels(labels: MeterDefinition['labels'], faults: MeterFault[]): LabelTemplate[] {
  const definitions = Object.entries(labels ?? {})
  if (definitions.length > LABELS_MAX)
    faults.push({ field: 'labels', message: `may have at most ${LABELS_MAX} labels` })
  return definitions.flatMap(([name, text]): LabelTemplate[] => {
    const fault = labelNameFault(name)
    const template = compileTemplate(text)
    if (fault !== undefined) faults.push({ field: 'labels', message: fault })
    else if (!template.ok) faults.push({ field: 'labels', message: `${name}: ${template.error}` })
    return template.ok ? [[name, template.value]] : []
  })
}

/** The labels of a record, without those whose fields it lacks. */
function readLabels(templates: readonly LabelTemplate[], record: unknown): Labels | undefined {
  if (templates.length === 0) return undefined
  return Object.fromEntries(
    templates.flatMap(([name, template]) => {
      const text = template.read(record)
      return typeof text === 'string' ? [[name, text]] : []
    }),
  )
}

function readerOf({ key, value, at, id, labels }: Templates, matches: Matches, power: number) {
  const numberOf = numberReader(value, power)
  return (record: unknown, isAddedUp = false): MeterReading => {
    if (!matches(record)) return UNMATCHED
    const text = key.read(record)
    if (typeof text !== 'string') return lacks(text)
    const number = numberOf(record, isAddedUp)
    if (typeof number !== 'number') return number
    const time = at?.read(record)
    const atMs = typeof time === 'string' ? instantInAnyUnit(time) : undefined
    if (at !== null && atMs === undefined) return badTime(at, time)
    const own = id?.read(record)
    if (typeof own === 'object') return lacks(own)
    return { kind: 'increment', key: text, value: number, atMs, id: own, labels: readLabels(labels, record) }
  }
}

const UNMATCHED: MeterReading = { kind: 'unmatched' }

function lacks({ path, message }: Lack): MeterReading {
  return { kind: 'refused', reason: 'field', path, message }
}

function badTime({ placeholders }: Template, time: string | Lack | undefined): MeterReading {
  if (typeof time === 'object') return lacks(time)
  return { kind: 'refused', reason: 'time', path: nameOf(placeholders), message: NO_TIME }
}

const NO_TIME = 'must be RFC 3339 such as 2026-11-21T20:15:00Z, or epoch s, ms, us or ns'

function nameOf([first]: readonly Placeholder[]): string {
  return first?.name ?? ''
}

/** Reads the value. A field that is a whole number takes no way through a text. */
function numberReader(value: Template | null, power: number) {
  if (value === null) return () => 1
  const refuse = (message: string): MeterReading => {
    return { kind: 'refused', reason: 'value', path: nameOf(value.placeholders), message }
  }
  const { lone } = value
  return (record: unknown, isAddedUp: boolean): number | MeterReading => {
    const field = lone?.(record)
    if (power === 0 && Number.isSafeInteger(field)) return Number(field)
    const text = value.read(record)
    if (typeof text !== 'string') return lacks(text)
    const number = scaled(text, power)
    if (number === undefined) return refuse('must be a number')
    if (!Number.isNaN(number)) return number
    const near = isAddedUp && power !== 0 && typeof field === 'number' ? nearWhole(field, power) : undefined
    return near ?? refuse(power === 0 ? NOT_WHOLE : `must be a whole number once scaled`)
  }
}

const NOT_WHOLE = 'must be a whole number: give the meter a `scale`, such as 100 for cents'

/** All that decides what a meter counts, in one order of fields. Its name does not. */
function textOf({ match, key, value, scale, labels, at, id, records, repeat }: MeterDefinition): string {
  const conditions = Object.entries(match ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  const text = [conditions, key, value, scale ?? 0, at, id, records, repeat === 'count']
  const own = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(own.length === 0 ? text : [...text, own])
}

/** Compiles the path of a meter's records. */
export function recordsOf(path: string): Path {
  return compilePath(path)
}
