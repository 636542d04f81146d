import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { PbfReader } from 'pbf'
import { describe, expect, test } from 'vitest'
import type { Encoding } from '../../../../src/edge/ingest/formats/otlp/answer.ts'
import { receiveMetrics, refuseMetrics } from '../../../../src/edge/ingest/formats/otlp.ts'
import { REQUEST_BYTES_MAX } from '../../../../src/limits.ts'
import type { Grant } from '../../../../src/model/access/grant.ts'
import { must } from '../../../../src/model/assert.ts'
import { keyFault } from '../../../../src/model/key.ts'
import { labelsText } from '../../../../src/model/slices/slice.ts'
import { nodeClock } from '../../../support/node-clock.ts'
import { processorMsOf } from '../../../support/processor-time.ts'
import { ADJUSTER, FormatStage, TENANT } from './format-stage.ts'
import { requests } from './otlp/request.ts'

const TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const
const SERIALIZERS = { protobuf: ProtobufMetricsSerializer, json: JsonMetricsSerializer } as const
const ENCODINGS = Object.keys(TYPES) as Encoding[]

const encode = (encoding: Encoding, request: ResourceMetrics) =>
  must(SERIALIZERS[encoding].serializeRequest(request), 'bytes')

type Settings = { readonly shards?: string; readonly lateHours?: string; readonly meters?: string }

const stageOf = (settings: Settings = {}) =>
  new FormatStage(receiveMetrics, { ...settings, refuse: refuseMetrics })

async function send(stage: FormatStage, encoding: Encoding, body: Uint8Array, grant?: Grant) {
  const response = await stage.post(body, { 'content-type': TYPES[encoding] }, grant)
  const bytes = new Uint8Array(await response.arrayBuffer())
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
    partial:
      response.status === 200 ? SERIALIZERS[encoding].deserializeResponse(bytes).partialSuccess : undefined,
    refusal: response.status === 200 ? undefined : statusOf(encoding, bytes),
  }
}

/** A google.rpc.Status. */
function statusOf(encoding: Encoding, bytes: Uint8Array): { code: number; message: string } {
  if (encoding === 'json') return JSON.parse(new TextDecoder().decode(bytes))
  const status = { code: 0, message: '' }
  return new PbfReader(bytes).readFields((field, result, pbf) => {
    if (field === 1) result.code = pbf.readVarint()
    if (field === 2) result.message = pbf.readString()
  }, status)
}

/** Sums of a service by name, each with one point. */
function sums(
  values: Readonly<Record<string, number>>,
  { isDelta = true, service = 'shop', attributes = { 'http.route': '/cart' } as object } = {},
): ResourceMetrics {
  const nowMs = nodeClock.now()
  const time: [number, number] = [Math.floor(nowMs / 1000), (nowMs % 1000) * 1e6]
  return {
    resource: { attributes: { 'service.name': service } } as never,
    scopeMetrics: [
      {
        scope: { name: 'test' },
        metrics: Object.entries(values).map(([name, value]) => ({
          descriptor: { name, unit: '', description: '', valueType: 1 },
          aggregationTemporality: isDelta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: [{ startTime: time, endTime: time, attributes, value }] as never,
        })),
      },
    ],
  }
}

/** The sums that a request should make, by the plainest code. */
function expectedSums({ resource, scopeMetrics }: ResourceMetrics): Record<string, number> {
  const byKey = new Map<string, bigint>()
  const service = resource.attributes['service.name']
  const isNamed = typeof service === 'string' && service !== ''
  for (const { descriptor, dataPointType, aggregationTemporality, dataPoints } of scopeMetrics.flatMap(
    (s) => s.metrics,
  )) {
    if (dataPointType !== DataPointType.SUM || aggregationTemporality !== AggregationTemporality.DELTA)
      continue
    const key = `otel/${isNamed ? service : 'unknown_service'}/${descriptor.name}`
    for (const { value, endTime } of dataPoints) {
      const isCounted =
        Number(value) > 0 && endTime[0] * 1000 <= nodeClock.now() && keyFault(key) === undefined
      if (isCounted) byKey.set(key, (byKey.get(key) ?? 0n) + BigInt(Number(value)))
    }
  }
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(sorted.map(([key, sum]) => [key, Number(sum)]))
}

describe.each(ENCODINGS)('OTLP in %s', (encoding) => {
  test('has its delta sums counted under the service and the metric, and an empty answer', async () => {
    const stage = stageOf()
    expect(
      await send(stage, encoding, encode(encoding, sums({ requests: 3, bytes: 2 ** 40, none: 0 }))),
    ).toEqual({
      status: 200,
      type: TYPES[encoding],
      retryAfter: null,
      partial: undefined,
      refusal: undefined,
    })
    expect(stage.sums).toEqual({ 'otel/shop/bytes': 2 ** 40, 'otel/shop/requests': 3 })
    expect(stage.lines).toEqual([])
  })

  test('[N1] counts once when the same bytes come again, and again under another token', async () => {
    const stage = stageOf()
    const body = encode(encoding, sums({ requests: 3 }, { service: 'tenant' }))
    expect((await send(stage, encoding, body)).partial).toBeUndefined()
    expect((await send(stage, encoding, body)).partial).toMatchObject({
      errorMessage: 'Counted before, when this request first came: 1 data point.',
    })
    expect(stage.sums).toEqual({ 'otel/tenant/requests': 3 })
    await send(stage, encoding, body, TENANT)
    expect(stage.sums).toEqual({ 'otel/tenant/requests': 6 })
  })

  test('[N2] has the good points counted, and says of the others how many and why', async () => {
    const stage = stageOf()
    const { scopeMetrics: good } = sums({ requests: 3, parts: 0.5, minus: -1 })
    const { scopeMetrics: bad, resource } = sums({ total: 5 }, { isDelta: false })
    const answer = await send(
      stage,
      encoding,
      encode(encoding, { resource, scopeMetrics: [...good, ...bad] }),
    )
    expect(answer.status).toBe(200)
    expect(Number(answer.partial?.rejectedDataPoints)).toBe(3)
    expect(answer.partial?.errorMessage).toBe(
      'Not counted, because it is cumulative: 1 data point of total. ' +
        'Set OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta. An UpDownCounter stays cumulative even then. ' +
        'In a Collector, use the processor cumulativetodelta. ' +
        'Not counted: 2 data points of parts, minus, the first because `value` must be a whole number: count in the ' +
        'smallest unit, such as cents.',
    )
    expect(stage.sums).toEqual({ 'otel/shop/requests': 3 })
    // By reason, and without a key or a token.
    expect(stage.lines).toEqual([
      expect.objectContaining({
        message: 'records refused',
        format: 'otlp',
        reasons: { value: 2, cumulative: 1 },
      }),
    ])
    expect(JSON.stringify(stage.lines)).not.toMatch(/shop|total|parts/)
  })

  test('[N1] [N2] that a shard refuses in part is a 503, and sent again it counts where it had not', async () => {
    const stage = stageOf({ shards: '4' })
    const values = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`m${i}`, i + 1]))
    const body = encode(encoding, sums(values))
    stage.shards.before = (shard) => (shard.endsWith('/1') ? { kind: 'refused', reason: 'full' } : undefined)
    const answer = await send(stage, encoding, body)
    expect(answer).toMatchObject({ status: 503, type: TYPES[encoding], refusal: { code: 14 } })
    expect(Number(answer.retryAfter)).toBeLessThan(5)
    stage.shards.before = () => undefined
    expect(await send(stage, encoding, body)).toMatchObject({ status: 200 })
    expect(stage.sums).toEqual(
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`otel/shop/${name}`, value])),
    )
  })

  test('that is no such message is a 400, and one that is too large a 413, in kind', async () => {
    const stage = stageOf()
    const damaged = new TextEncoder().encode('no message')
    const refused = { status: 400, type: TYPES[encoding], retryAfter: null, refusal: { code: 3 } }
    expect(await send(stage, encoding, damaged)).toMatchObject(refused)
    const body = encode(encoding, sums({ requests: 3 }))
    const large = new Uint8Array(REQUEST_BYTES_MAX + 1)
    expect(await send(stage, encoding, large)).toMatchObject({ status: 413, refusal: { code: 3 } })
    const other = await stage.post(body, { 'content-type': 'text/plain' })
    expect(other.status).toBe(415)
    expect(await other.text()).toContain('application/x-protobuf')
    expect(stage.sums).toEqual({})
  })

  test('[S2] is counted under the prefix of its token alone, point by point', async () => {
    const stage = stageOf()
    const { resource, scopeMetrics } = sums({ requests: 3 }, { service: 'other' })
    const answer = await send(stage, encoding, encode(encoding, { resource, scopeMetrics }), TENANT)
    expect(answer.partial?.errorMessage).toContain('must be otel/tenant, or begin with otel/tenant/')
    expect(stage.sums).toEqual({})
  })

  test('[N2] has no metric whose name reads like another with a label', async () => {
    const stage = stageOf()
    const labelled = sums({ requests: 3 })
    const named = sums({ [`requests${labelsText({ 'http.route': '/cart' })}`]: 5 }, { attributes: {} })
    const request = { ...labelled, scopeMetrics: [...labelled.scopeMetrics, ...named.scopeMetrics] }
    const answer = await send(stage, encoding, encode(encoding, request))
    expect(answer.partial).toMatchObject({ errorMessage: expect.stringContaining('control characters') })
    expect(stage.sums).toEqual({ 'otel/shop/requests': 3 })
  })

  test('is counted by the meters that its points match, by their attributes too, and else as always', async () => {
    const meters = [
      {
        name: 'routes',
        match: { metric: 'http.*' },
        key: 'routes/{resource.service.name}{attributes.http.route}',
      },
      { name: 'cents', match: { metric: 'parts' }, key: 'cents', value: '{value}', scale: 100 },
    ]
    const stage = stageOf({ meters: JSON.stringify(meters) })
    const request = sums({ 'http.requests': 3, parts: 0.25, other: 1 })
    expect((await send(stage, encoding, encode(encoding, request))).partial).toBeUndefined()
    expect(stage.sums).toEqual({ 'routes/shop/cart': 3, cents: 25, 'otel/shop/other': 1 })
  })

  test('[N2] is counted by a scale where adding up doubles has moved it, as a sum of prices, and no other fraction is', async () => {
    const meters = JSON.stringify([
      { name: 'cents', match: { metric: 'revenue*' }, key: '{metric}', value: '{value}', scale: 100 },
      { name: 'hours', match: { metric: 'hours*' }, key: '{metric}', value: '{value}' },
    ])
    const stage = stageOf({ meters })
    const request = sums({
      'revenue/a': 0.1 + 0.2,
      'revenue/b': 59.97 + 1e-14,
      'revenue/c': 0.305,
      'revenue/d': 1e-9,
      'hours/a': 3 - 2 ** -51,
      'hours/b': 3,
    })
    const answer = await send(stage, encoding, encode(encoding, request))
    expect(Number(answer.partial?.rejectedDataPoints)).toBe(3)
    expect(stage.sums).toEqual({ 'revenue/a': 30, 'revenue/b': 5997, 'hours/b': 3 })
  })

  test('takes negative deltas from a token that may adjust', async () => {
    const stage = stageOf()
    await send(stage, encoding, encode(encoding, sums({ open: -2 })), ADJUSTER)
    expect(stage.sums).toEqual({ 'otel/shop/open': -2 })
  })
})

describe('any request of OTLP', () => {
  test('makes one and the same sums from protobuf and from JSON', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        for (const encoding of ENCODINGS) {
          const stage = stageOf({ lateHours: '1000000' })
          expect((await send(stage, encoding, encode(encoding, request))).status).toBe(200)
          expect(stage.sums).toEqual(expectedSums(request))
        }
      }),
    )
  })

  test('is never answered 5xx, whatever its bytes are', async () => {
    const stage = stageOf({ lateHours: '1000000' })
    const mutated = fc.tuple(requests, fc.nat(), fc.nat(255)).map(([request, at, byte]) => {
      const bytes = encode('protobuf', request)
      bytes[at % bytes.length] = byte
      return bytes
    })
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(mutated, fc.uint8Array()),
        fc.constantFrom(...ENCODINGS),
        async (bytes, encoding) => {
          expect([200, 400]).toContain((await send(stage, encoding, bytes)).status)
        },
      ),
    )
  })

  test.each([
    ['points of no bytes', 'protobuf', () => emptyPoints()],
    [
      'metrics of no bytes',
      'protobuf',
      () => new Uint8Array(REQUEST_BYTES_MAX).fill(0x0a).map((b, i) => (i % 2 ? 0 : b)),
    ],
    ['brackets', 'json', () => new Uint8Array(REQUEST_BYTES_MAX).fill(0x5b)],
    [
      'fields',
      'json',
      () => new TextEncoder().encode(`{${Array.from({ length: 250_000 }, (_, i) => `"f${i}":1`)}}`),
    ],
  ] as const)('is answered in time when it is 4 MiB of %s', async (_, encoding, body) => {
    const stage = stageOf()
    const bytes = body()
    const tookMs = await processorMsOf(async () =>
      expect((await send(stage, encoding, bytes)).status).toBeLessThan(500),
    )
    // Two million points take 1 to 3 s. What goes through the body again for each of them would take minutes.
    expect(tookMs).toBeLessThan(15_000)
  })
})

/** One delta sum of two million points, each of them two bytes. */
function emptyPoints(): Uint8Array {
  const points = new Uint8Array(REQUEST_BYTES_MAX - 64).map((_, i) => (i % 2 ? 0 : 0x0a))
  const wrapped = (tag: number, inner: Uint8Array) =>
    Buffer.concat([Buffer.from([tag]), varint(inner.length), inner])
  const sum = Buffer.concat([points, Buffer.from([0x10, 1])])
  return new Uint8Array(wrapped(0x0a, wrapped(0x12, wrapped(0x12, wrapped(0x3a, sum)))))
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; rest > 0; rest >>>= 7) bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
  return Buffer.from(bytes)
}
