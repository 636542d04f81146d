import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { PbfWriter } from 'pbf'
import { describe, expect, test } from 'vitest'
import { readJson } from '../../../../../src/edge/ingest/formats/otlp/json.ts'
import { readProtobuf } from '../../../../../src/edge/ingest/formats/otlp/protobuf.ts'
import { must } from '../../../../../src/model/assert.ts'
import { recorder, requests, type Seen } from './request.ts'

const inProtobuf = (request: ResourceMetrics) =>
  must(ProtobufMetricsSerializer.serializeRequest(request), 'bytes')

const inJson = (request: ResourceMetrics) =>
  new TextDecoder().decode(must(JsonMetricsSerializer.serializeRequest(request), 'bytes'))

function seenInProtobuf(bytes: Uint8Array): Seen[] | 'refused' {
  const { seen, visitor } = recorder()
  return readProtobuf(bytes, visitor).ok ? seen : 'refused'
}

function seenInJson(text: string): Seen[] | 'refused' {
  const { seen, visitor } = recorder()
  return readJson(new TextEncoder().encode(text), visitor).ok ? seen : 'refused'
}

/** The points of a request, read from the SDK's own objects by the plainest code. */
function expected({ resource, scopeMetrics }: ResourceMetrics): Seen[] {
  return scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.flatMap(
      ({ descriptor: { name, unit }, aggregationTemporality, dataPointType, dataPoints }): Seen[] => {
        if (dataPointType === DataPointType.SUM && aggregationTemporality === AggregationTemporality.DELTA) {
          return dataPoints.map(({ endTime: [seconds, ns], attributes, value }) => ({
            metric: name,
            resource: { ...resource.attributes },
            scope: scope.name,
            unit,
            atMs: Number((BigInt(seconds) * 1_000_000_000n + BigInt(ns) - 1n) / 1_000_000n),
            value: Number(value),
            attributes: { ...attributes },
          }))
        }
        const kind = dataPointType === DataPointType.SUM ? 'cumulative' : 'gauge'
        return dataPoints.length === 0 ? [] : [{ metric: name, kind, points: dataPoints.length }]
      },
    ),
  )
}

describe('a request of OpenTelemetry', () => {
  test('is read alike from protobuf and from JSON, as its own serializers write them', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const seen = seenInProtobuf(inProtobuf(request))
        expect(seen).toEqual(expected(request))
        expect(seenInJson(inJson(request))).toEqual(seen)
      }),
    )
  })

  test('is refused when it is cut off anywhere', () => {
    fc.assert(
      fc.property(
        requests,
        // Most doubles from 0 to 1 are next to 0, and would cut all but a byte.
        fc.nat({ max: 999 }).map((mille) => mille / 1000),
        (request, part) => {
          const bytes = inProtobuf(request)
          const cut = 1 + Math.floor(part * (bytes.length - 1))
          if (cut < bytes.length) expect(seenInProtobuf(bytes.subarray(0, cut))).toBe('refused')
          const text = inJson(request)
          expect(seenInJson(text.slice(0, Math.floor(part * text.length)))).toBe('refused')
        },
      ),
    )
  })

  test('never makes a decoder throw, whatever its bytes are', () => {
    const mutated = fc
      .tuple(requests, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }))
      .map(([request, changes]) => {
        const bytes = inProtobuf(request)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (bytes) => {
        seenInProtobuf(bytes)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(fc.oneof(fc.json(), metricsLike()), (text) => {
        seenInJson(text)
      }),
      { numRuns: 1_000 },
    )
  })
})

test('JSON nested without end is read or refused, whatever numbers are in it', () => {
  for (const depth of [10, 1_000, 100_000]) {
    for (const number of ['1', '1795998964471000001']) {
      const deep = `${'['.repeat(depth)}${number}${']'.repeat(depth)}`
      const seen = seenInJson(
        jsonOf(`{"asInt":"5","later":${deep}}`, `"later":${deep},"aggregationTemporality":1`),
      )
      expect(seen === 'refused' || seen.length === 1).toBe(true)
    }
  }
})

test('an integer of far more than 64 bits is no number to compute with, because that takes ever longer', () => {
  const digits = '9'.repeat(10_000)
  for (const asInt of [digits, `"${digits}"`])
    expect(seenInJson(jsonOf(`{"asInt":${asInt}}`))).toBe('refused')
  const timed = seenInJson(jsonOf(`{"asInt":"5","timeUnixNano":${digits}}`))
  expect(timed).toEqual([expect.objectContaining({ value: 5, atMs: undefined })])
})

/** JSON with the fields of a request and anything in them. */
function metricsLike(): fc.Arbitrary<string> {
  const names = [
    ['resourceMetrics', 'resource', 'attributes', 'scopeMetrics', 'scope', 'metrics', 'name', 'sum', 'gauge'],
    ['dataPoints', 'aggregationTemporality', 'timeUnixNano', 'asInt', 'asDouble', 'flags', 'key', 'value'],
    ['stringValue', 'intValue', 'arrayValue', 'kvlistValue', 'values'],
  ].flat()
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 9 },
      fc.constantFrom<unknown>(null, 1, -1, 0.5, '1', '', 'x', true),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 4 }),
    ),
  }))
  return must(tree, 'an arbitrary').map((value) => JSON.stringify(value))
}

/** One metric with one point of a delta sum, for what the SDK cannot say. */
function jsonOf(point: string, sum = '"aggregationTemporality":1'): string {
  return `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","sum":{${sum},"dataPoints":[${point}]}}]}]}]}`
}

function protobufOf(
  writePoint: (pbf: PbfWriter) => void,
  beside: (pbf: PbfWriter) => void = () => {},
): Uint8Array {
  const pbf = new PbfWriter()
  const within = (to: PbfWriter, field: number, write: (inner: PbfWriter) => void) =>
    to.writeMessage(field, (_, inner) => write(inner), undefined)
  within(pbf, 1, (resourceMetrics) =>
    within(resourceMetrics, 2, (scopeMetrics) =>
      within(scopeMetrics, 2, (metric) => {
        beside(metric)
        within(metric, 7, (sum) => {
          within(sum, 1, writePoint)
          beside(sum)
          sum.writeVarintField(2, 1)
        })
        // Fields may come in any order.
        metric.writeStringField(1, 'm')
      }),
    ),
  )
  return pbf.finish()
}

/** A field of 64 bits, written as they are. */
function write64(pbf: PbfWriter, field: number, value: bigint): void {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setBigInt64(0, BigInt.asIntN(64, value), true)
  pbf.writeTag(field, 1)
  for (let i = 0; i < 8; i++) pbf.writeVarint(0)
  new Uint8Array(pbf.buf.buffer, pbf.pos - 8, 8).set(new Uint8Array(bits.buffer))
}

const MINUTE_NS = 60_000_000_000n
const HOUR_NS = 1_795_996_800_000_000_000n

describe('a point', () => {
  test.each([-(2n ** 63n), -(2n ** 53n) - 1n, -1n, 0n, 2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])(
    'of the integer %s is exact, in protobuf and as a text or a number of JSON',
    (value) => {
      const isSafe = Number.isSafeInteger(Number(value))
      const seen = [expect.objectContaining({ value: isSafe ? Number(value) : value })]
      expect(seenInProtobuf(protobufOf((point) => write64(point, 6, value)))).toEqual(seen)
      expect(seenInJson(jsonOf(`{"asInt":"${value}"}`))).toEqual(seen)
      expect(seenInJson(jsonOf(`{"asInt":${value}}`))).toEqual(seen)
    },
  )

  test.each([HOUR_NS - 1n, HOUR_NS, HOUR_NS + 1n, HOUR_NS + MINUTE_NS, 1n, 2n ** 64n - 1n])(
    'at %s ns counts 1 ns earlier, exactly, in protobuf and as a text or a number of JSON',
    (ns) => {
      const seen = [expect.objectContaining({ atMs: Number((ns - 1n) / 1_000_000n) })]
      expect(seenInProtobuf(protobufOf((point) => write64(point, 3, ns)))).toEqual(seen)
      expect(seenInJson(jsonOf(`{"timeUnixNano":"${ns}"}`))).toEqual(seen)
      expect(seenInJson(jsonOf(`{"timeUnixNano": ${ns}}`))).toEqual(seen)
    },
  )

  test('without a time, or with 0, has none', () => {
    const seen = [expect.objectContaining({ atMs: undefined })]
    expect(seenInProtobuf(protobufOf(() => {}))).toEqual(seen)
    expect(seenInProtobuf(protobufOf((point) => write64(point, 3, 0n)))).toEqual(seen)
    for (const point of ['{}', '{"timeUnixNano":"0"}', '{"timeUnixNano":0}', '{"timeUnixNano":null}']) {
      expect(seenInJson(jsonOf(point))).toEqual(seen)
    }
  })

  test('whose flags say that it has no value is 0', () => {
    const seen = [expect.objectContaining({ value: 0 })]
    const point = (pbf: PbfWriter) => {
      write64(pbf, 6, 7n)
      pbf.writeVarintField(8, 3)
    }
    expect(seenInProtobuf(protobufOf(point))).toEqual(seen)
    expect(seenInJson(jsonOf('{"asInt":"7","flags":3}'))).toEqual(seen)
  })

  test('is found among fields of later versions, which are skipped', () => {
    const seen = [expect.objectContaining({ metric: 'm', value: 5 })]
    const unknown = (pbf: PbfWriter) => {
      pbf.writeVarintField(99, 2 ** 40)
      pbf.writeDoubleField(98, 1)
      pbf.writeStringField(97, 'later')
      pbf.writeFixed32Field(96, 1)
      // Known fields, written as other types.
      pbf.writeVarintField(1, 1)
    }
    const point = (pbf: PbfWriter) => {
      unknown(pbf)
      pbf.writeVarintField(6, 9)
      write64(pbf, 6, 5n)
    }
    expect(seenInProtobuf(protobufOf(point, unknown))).toEqual(seen)
    const later = '"later":{"deep":[1]},"asInt":"5"'
    expect(seenInJson(jsonOf(`{${later}}`, '"later":1,"aggregationTemporality":1'))).toEqual(seen)
  })

  test('of a sum whose temporality is written by name is read', () => {
    const named = '"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"'
    expect(seenInJson(jsonOf('{"asInt":"5"}', named))).toEqual([expect.objectContaining({ value: 5 })])
    const none = [{ metric: 'm', kind: 'unspecified', points: 1 }]
    expect(seenInJson(jsonOf('{"asInt":"5"}', '"isMonotonic":true'))).toEqual(none)
  })
})

test('lists within lists without end, in an attribute, are left out and not followed', () => {
  let value = new PbfWriter().finish()
  for (let i = 0; i < 5_000; i++) {
    const list = new PbfWriter()
    list.writeBytesField(1, value)
    const any = new PbfWriter()
    any.writeBytesField(5, list.finish())
    value = any.finish()
  }
  const bytes = protobufOf((point) =>
    point.writeMessage(
      7,
      (_, pair) => {
        pair.writeStringField(1, 'deep')
        pair.writeBytesField(2, value)
      },
      undefined,
    ),
  )
  expect(seenInProtobuf(bytes)).toHaveLength(1)
})
