import type { PbfReader } from 'pbf'
import { ATTRIBUTE_DEPTH_MAX } from '../../../../limits.ts'
import type { Attributes } from './metric.ts'
import { noAttributes } from './metric.ts'
import { BYTES, endOf, FIXED_64, readMessage, tagOf, VARINT } from './wire.ts'

const OF_KEY_VALUE = { key: tagOf(1, BYTES), value: tagOf(2, BYTES) }
const OF_ANY_VALUE = {
  text: tagOf(1, BYTES),
  boolean: tagOf(2, VARINT),
  int: tagOf(3, VARINT),
  double: tagOf(4, FIXED_64),
  list: tagOf(5, BYTES),
  map: tagOf(6, BYTES),
}
const OF_LIST = { values: tagOf(1, BYTES) }

/** Reads a KeyValue into a record. */
export function readKeyValue(pbf: PbfReader, end: number, into: Record<string, unknown>, depth = 0): void {
  let key = ''
  let value: unknown
  readMessage(pbf, end, (tag) => {
    if (tag === OF_KEY_VALUE.key) key = pbf.readString()
    else if (tag === OF_KEY_VALUE.value) value = readAnyValue(pbf, endOf(pbf), depth)
  })
  if (value !== undefined) into[key] = value
}

function readAnyValue(pbf: PbfReader, end: number, depth: number): unknown {
  let value: unknown
  readMessage(pbf, end, (tag) => {
    if (tag === OF_ANY_VALUE.text) value = pbf.readString()
    else if (tag === OF_ANY_VALUE.boolean) value = pbf.readBoolean()
    else if (tag === OF_ANY_VALUE.int) value = readVarint64(pbf)
    else if (tag === OF_ANY_VALUE.double) value = pbf.readDouble()
    else if (depth >= ATTRIBUTE_DEPTH_MAX) return
    else if (tag === OF_ANY_VALUE.list) value = readList(pbf, endOf(pbf), depth + 1)
    else if (tag === OF_ANY_VALUE.map) value = readMap(pbf, endOf(pbf), depth + 1)
  })
  return value
}

function readVarint64(pbf: PbfReader): number | bigint {
  const { pos, buf } = pbf
  const value = pbf.readVarint(true)
  if (Number.isSafeInteger(value)) return value
  let exact = 0n
  for (let i = pos; i < pbf.pos; i++) exact |= BigInt((buf[i] ?? 0) & 0x7f) << BigInt((i - pos) * 7)
  return BigInt.asIntN(64, exact)
}

function readList(pbf: PbfReader, end: number, depth: number): unknown[] {
  const list: unknown[] = []
  readMessage(pbf, end, (tag) => {
    if (tag === OF_LIST.values) list.push(readAnyValue(pbf, endOf(pbf), depth))
  })
  return list
}

function readMap(pbf: PbfReader, end: number, depth: number): Attributes {
  const map = noAttributes()
  readMessage(pbf, end, (tag) => {
    if (tag === OF_LIST.values) readKeyValue(pbf, endOf(pbf), map, depth)
  })
  return map
}
