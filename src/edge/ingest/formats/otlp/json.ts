import {
  ATTRIBUTE_DEPTH_MAX,
  FOREIGN_DEPTH_MAX,
  FOREIGN_FIELDS_MAX,
  SCANNED_BYTES_MIN,
} from '../../../../limits.ts'
import type { Result } from '../../../../model/result.ts'
import { fail, ok } from '../../../../model/result.ts'
import { isMonster } from '../../monster.ts'
import type { Attributes, Metric, MetricKind, Point, Visitor } from './metric.ts'
import { kindOfSum, NO_VALUE, noAttributes } from './metric.ts'
import { msOfDigits } from './nanos.ts'

/**
 * Reads an ExportMetricsServiceRequest from its JSON: names in lowerCamelCase, 64-bit integers as texts or numbers, enums
 * as numbers or names. Fields that are not read are ignored. Source: the OTLP specification, JSON Protobuf Encoding.
 *
 * @returns an error when the bytes are no such message, or take too long to parse. The visitor may have been called then.
 */
export function readJson(bytes: Uint8Array, visitor: Visitor): Result<undefined, undefined> {
  if (bytes.length >= SCANNED_BYTES_MIN && isMonster(bytes, FOREIGN_DEPTH_MAX, FOREIGN_FIELDS_MAX)) {
    return fail(undefined)
  }
  const text = textOfBytes(bytes)
  if (text === undefined) return fail(undefined)
  try {
    const request = objectOf(parse(text)) ?? {}
    for (const each of messagesOf(request['resourceMetrics'])) readResourceMetrics(each, visitor)
    return ok(undefined)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof WrongType) return fail(undefined)
    throw error
  }
}

/** Shared by all bodies: it keeps nothing from one to the next, even after one that it refuses. */
const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

function textOfBytes(bytes: Uint8Array): string | undefined {
  try {
    return DECODER.decode(bytes)
  } catch {
    // The bytes are no UTF-8.
    return undefined
  }
}

/** A field is of another type than the message has it. */
class WrongType extends Error {}

type Fields = Readonly<Record<string, unknown>>

/** An integer that is written as a number and may be too large for one: times in ns are, when a client does so. */
const MAY_BE_INEXACT = /[:[,\s]-?\d{16}/

function parse(text: string): unknown {
  return MAY_BE_INEXACT.test(text) ? parseExactly(text) : JSON.parse(text)
}

function parseExactly(text: string): unknown {
  try {
    return JSON.parse(text, keepExact)
  } catch (error) {
    // A reviver goes into lists and maps by calls within each other, and a few thousand of those fill the stack.
    throw error instanceof RangeError ? new WrongType() : error
  }
}

/** An integer of 64 bits at most: to read a longer one takes ever more time for each digit. */
const INTEGER = /^-?\d{1,20}$/

function keepExact(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  const isInexact = typeof value === 'number' && !Number.isSafeInteger(value)
  return isInexact && source !== undefined && INTEGER.test(source) ? BigInt(source) : value
}

function readResourceMetrics(fields: Fields, visitor: Visitor): void {
  const resource = attributesOf(objectOf(fields['resource'])?.['attributes'], 0)
  for (const each of messagesOf(fields['scopeMetrics'])) {
    const scope = textOf(objectOf(each['scope'])?.['name'])
    for (const metric of messagesOf(each['metrics'])) readMetric(metric, { resource, scope }, visitor)
  }
}

const OTHER_KINDS = [
  ['gauge', 'gauge'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'histogram'],
  ['summary', 'summary'],
] as const

function readMetric(fields: Fields, of: Pick<Metric, 'resource' | 'scope'>, visitor: Visitor): void {
  const metric = { ...of, name: textOf(fields['name']), unit: textOf(fields['unit']) }
  const sum = objectOf(fields['sum'])
  if (sum !== undefined) {
    const kind = kindOfSum(temporalityOf(sum['aggregationTemporality']))
    if (kind === 'delta') {
      for (const point of messagesOf(sum['dataPoints'])) visitor.onPoint(metric, readPoint(point))
    } else tellOther(sum, metric, kind, visitor)
  }
  for (const [name, kind] of OTHER_KINDS) {
    const data = objectOf(fields[name])
    if (data !== undefined) tellOther(data, metric, kind, visitor)
  }
}

function tellOther(data: Fields, metric: Metric, kind: Exclude<MetricKind, 'delta'>, visitor: Visitor): void {
  const { length } = messagesOf(data['dataPoints'])
  if (length > 0) visitor.onOther(metric, kind, length)
}

const TEMPORALITIES: readonly unknown[] = [
  'AGGREGATION_TEMPORALITY_UNSPECIFIED',
  'AGGREGATION_TEMPORALITY_DELTA',
  'AGGREGATION_TEMPORALITY_CUMULATIVE',
]

/** Names of enums are not allowed, but some clients write their JSON by a general library, which writes them. */
function temporalityOf(value: unknown): number {
  if (typeof value === 'string') return TEMPORALITIES.indexOf(value)
  return numberOf(value) ?? 0
}

function readPoint(fields: Fields): Point {
  const isEmpty = ((numberOf(fields['flags']) ?? 0) & NO_VALUE) !== 0
  return {
    atMs: msOfDigits(digitsOf(fields['timeUnixNano'])),
    value: isEmpty ? 0 : (integerOf(fields['asInt']) ?? doubleOf(fields['asDouble'])),
    attributes: () => attributesOf(fields['attributes'], 0),
  }
}

function digitsOf(value: unknown): string {
  if (isNone(value)) return ''
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'number')
    return String(value)
  throw new WrongType()
}

/** A 64-bit integer: exact, whether it is written as a text or as a number. */
function integerOf(value: unknown): number | bigint | undefined {
  if (isNone(value)) return undefined
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return value as bigint | number
  if (typeof value !== 'string' || !INTEGER.test(value)) throw new WrongType()
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : BigInt(value)
}

/** A double, which may be written as a text: NaN and the infinities are. */
function doubleOf(value: unknown): number | undefined {
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : numberOf(value)
}

function numberOf(value: unknown): number | undefined {
  if (isNone(value)) return undefined
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  throw new WrongType()
}

function textOf(value: unknown): string {
  if (isNone(value)) return ''
  if (typeof value === 'string') return value
  throw new WrongType()
}

/** A null stands for a field that is left out. Source: ProtoJSON. */
function isNone(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function objectOf(value: unknown): Fields | undefined {
  if (isNone(value)) return undefined
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields
  throw new WrongType()
}

function messagesOf(value: unknown): readonly Fields[] {
  if (isNone(value)) return []
  if (!Array.isArray(value)) throw new WrongType()
  for (const each of value)
    if (typeof each !== 'object' || each === null || Array.isArray(each)) throw new WrongType()
  return value
}

function attributesOf(list: unknown, depth: number): Attributes {
  const attributes = noAttributes()
  for (const each of messagesOf(list)) {
    const value = anyValueOf(objectOf(each['value']) ?? {}, depth)
    if (value !== undefined) attributes[textOf(each['key'])] = value
  }
  return attributes
}

function anyValueOf(value: Fields, depth: number): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = value
  if (!isNone(stringValue)) return textOf(stringValue)
  if (typeof boolValue === 'boolean') return boolValue
  if (!isNone(intValue)) return integerOf(intValue)
  if (!isNone(doubleValue)) return doubleOf(doubleValue)
  if (depth >= ATTRIBUTE_DEPTH_MAX) return undefined
  const list = objectOf(arrayValue)
  if (list !== undefined) return messagesOf(list['values']).map((each) => anyValueOf(each, depth + 1))
  const map = objectOf(kvlistValue)
  return map === undefined ? undefined : attributesOf(map['values'], depth + 1)
}
