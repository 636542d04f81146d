import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import fc from 'fast-check'
import { PbfWriter } from 'pbf'
import { expect, test } from 'vitest'
import { KnownSlices } from '../../../../../src/edge/ingest/formats/otlp/known-slices.ts'
import { attributeLabels } from '../../../../../src/edge/ingest/formats/otlp/labels.ts'
import { noAttributes, type Point } from '../../../../../src/edge/ingest/formats/otlp/metric.ts'
import { readProtobuf } from '../../../../../src/edge/ingest/formats/otlp/protobuf.ts'
import { KNOWN_ATTRIBUTE_BYTES_MAX, KNOWN_SLICES_MAX } from '../../../../../src/limits.ts'
import { must } from '../../../../../src/model/assert.ts'
import { sliceWithin } from '../../../../../src/model/slices/labels.ts'
import { OVERFLOW } from '../../../../../src/model/slices/slice.ts'
import { requests } from './request.ts'

/** The slice of a key that a point counts in, by the plainest code. */
const plainSlice = (key: string, point: Point) => sliceWithin(key, attributeLabels(point.attributes()))

const point = (attributes: Record<string, unknown>): Point => ({
  atMs: 1,
  value: 1,
  attributes: () => Object.assign(noAttributes(), attributes),
})

/** The points of a request with one metric, whose points have these fields. */
function pointsOf(points: readonly ((pbf: PbfWriter) => void)[]): Point[] {
  const pbf = new PbfWriter()
  const within = (field: number, body: (inner: PbfWriter) => void) => (outer: PbfWriter) =>
    outer.writeMessage(field, (_, inner) => body(inner), null)
  const sum = (inner: PbfWriter) => {
    for (const each of points) within(1, each)(inner)
    inner.writeVarintField(2, 1)
  }
  within(1, within(2, within(2, within(7, sum))))(pbf)
  const found: Point[] = []
  const visitor = { onPoint: (_: unknown, each: Point) => void found.push(each), onOther: () => {} }
  expect(readProtobuf(pbf.finish(), visitor).ok).toBe(true)
  return found
}

function writeAttribute(pbf: PbfWriter, name: string, value: string): void {
  const write = (_: unknown, inner: PbfWriter) => {
    inner.writeStringField(1, name)
    inner.writeMessage(2, (_, any) => any.writeStringField(1, value), null)
  }
  pbf.writeMessage(7, write, null)
}

test('[L1] points count in the slices of their labels, whatever came before', () => {
  const known = new KnownSlices()
  fc.assert(
    fc.property(requests, fc.constantFrom('a', 'b', 'k'.repeat(500)), (request, key) => {
      const bytes = must(ProtobufMetricsSerializer.serializeRequest(request), 'bytes')
      for (let round = 0; round < 2; round++) {
        const onPoint = (_: unknown, each: Point) =>
          expect(known.sliceOf(key, each)).toBe(plainSlice(key, each))
        expect(readProtobuf(bytes, { onPoint, onOther: () => {} }).ok).toBe(true)
      }
    }),
  )
})

test('[L1] attributes with other fields between them, and with longer tags than they need, are read alike', () => {
  const known = new KnownSlices()
  const between = (pbf: PbfWriter) => {
    writeAttribute(pbf, 'a', '1')
    pbf.writeFixed64Field(3, 1e18)
    writeAttribute(pbf, 'b', '2')
  }
  const longTag = (pbf: PbfWriter) => {
    const inner = new PbfWriter()
    writeAttribute(inner, 'a', '1')
    // Field 7 of bytes is 0x3a, in two bytes 0xba 0x00.
    const bytes = [0xba, 0x00, ...inner.finish().subarray(1)]
    pbf.realloc(bytes.length)
    pbf.buf.set(bytes, pbf.pos)
    pbf.pos += bytes.length
    writeAttribute(pbf, 'b', '2')
  }
  for (const each of pointsOf([between, longTag, between, longTag])) {
    expect(known.sliceOf('k', each)).toBe('k\u001fa=1\u001fb=2')
  }
})

test('[L2] key and labels that are too long together count as overflow, and the labels under another key do not', () => {
  const known = new KnownSlices()
  const long = point(Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, 'x'.repeat(128)])))
  for (let round = 0; round < 2; round++) {
    expect(known.sliceOf('k'.repeat(512), long)).toBe('k'.repeat(512) + OVERFLOW)
    expect(known.sliceOf('k', long)).toBe(`k${attributeLabels(long.attributes())}`)
  }
})

test('[I5] more slices than are kept, and attributes of any length, are read alike', () => {
  const known = new KnownSlices()
  for (let i = 0; i <= 2 * KNOWN_SLICES_MAX; i++) {
    const each = point({ n: i % (KNOWN_SLICES_MAX + 10) })
    expect(known.sliceOf('k', each)).toBe(`k\u001fn=${i % (KNOWN_SLICES_MAX + 10)}`)
  }
  const value = 'v'.repeat(KNOWN_ATTRIBUTE_BYTES_MAX + 1)
  for (const each of pointsOf([
    (pbf) => writeAttribute(pbf, 'long', value),
    (pbf) => writeAttribute(pbf, 'long', value),
  ])) {
    expect(known.sliceOf('k', each)).toBe(plainSlice('k', each))
  }
})
