import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { must } from '../../../src/model/assert.ts'

/** A way in, and the deliveries that are sent on it. */
export type BenchFormat = {
  readonly path: string
  readonly contentType: string
  /** The status of an answer to a delivery that was counted. */
  readonly status: number
  /** Makes a delivery of POINTS increments. Each has other bytes, because a delivery counts once by its content. */
  readonly body: (n: number) => Buffer
}

/** Points, or increments, in a delivery. */
export const POINTS = 1_000

const METRICS = 20

/** The way in that the others are compared with. */
export const INCREMENTS = 'increments, arrays of 1,000'

export const RECORDS = 'records, 1,000 lines of JSON'

export const OTLP_PROTOBUF = 'OTLP protobuf, 1,000 points'

export const FORMATS: Readonly<Record<string, BenchFormat>> = {
  [INCREMENTS]: {
    path: '/increment',
    contentType: 'application/json',
    status: 202,
    body: numbered((n) => Buffer.from(`${JSON.stringify(items())}${textOf(n)}`), textOf),
  },
  [RECORDS]: {
    path: '/records?key=%7Bkey%7D&value=%7Bvalue%7D',
    contentType: 'application/x-ndjson',
    status: 202,
    body: numbered((n) => {
      const lines = items().map((item) => `${JSON.stringify(item)}\n`)
      return Buffer.from(`${lines.join('')}${textOf(n)}`)
    }, textOf),
  },
  'records, an array of 1,000': {
    path: `/records?key=${encodeURIComponent('{key}')}&value=${encodeURIComponent('{value}')}`,
    contentType: 'application/json',
    status: 202,
    body: numbered((n) => {
      return Buffer.from(`${JSON.stringify(items())}${textOf(n)}`)
    }, textOf),
  },
  'records, 1,000 lines of a log of 300 bytes': {
    path: `/records?key=${encodeURIComponent('requests/{ClientRequestHost}{ClientRequestURI|path}')}&at=${encodeURIComponent('{EdgeStartTimestamp}')}`,
    contentType: 'text/plain',
    status: 202,
    body: numbered((n) => {
      const at = new Date().toISOString()
      return Buffer.from(`${Array.from({ length: POINTS }, (_, i) => logLine(i, at)).join('')}${textOf(n)}`)
    }, textOf),
  },
  // An exporter sends the same label sets at each interval.
  [OTLP_PROTOBUF]: protobuf(numbered((n) => inProtobuf(requestOf(n, sameLabels)), bits)),
  'OTLP protobuf, 1,000 points without labels': protobuf(
    numbered((n) => inProtobuf(requestOf(n, noLabels)), bits),
  ),
  // The hardest: nothing that came before helps, and after 20 deliveries the shard takes no more sets of these keys.
  'OTLP protobuf, 1,000 points with new labels': protobuf((n) => {
    return inProtobuf(requestOf(n, (i) => ({ ...sameLabels(i), request: `${n}-${i}` })))
  }),
  'OTLP JSON, 1,000 points': json(numbered((n) => inJson(requestOf(n, sameLabels)), digits)),
  'OTLP JSON, 1,000 points without labels': json(numbered((n) => inJson(requestOf(n, noLabels)), digits)),
}

function protobuf(body: BenchFormat['body']): BenchFormat {
  return { path: '/v1/metrics', contentType: 'application/x-protobuf', status: 200, body }
}

function json(body: BenchFormat['body']): BenchFormat {
  return { path: '/v1/metrics', contentType: 'application/json', status: 200, body }
}

function inProtobuf(request: ResourceMetrics): Buffer {
  return Buffer.from(must(ProtobufMetricsSerializer.serializeRequest(request), 'bytes'))
}

function inJson(request: ResourceMetrics): Buffer {
  return Buffer.from(must(JsonMetricsSerializer.serializeRequest(request), 'bytes'))
}

type LabelsOf = (i: number) => Record<string, string | number>

const sameLabels: LabelsOf = (i) => {
  return { 'http.route': `/pricing/${i}`, 'http.method': 'GET', 'http.response.status_code': 200 }
}

const noLabels: LabelsOf = () => ({})

function items() {
  return Array.from({ length: POINTS }, (_, i) => ({ key: keyOf(i), value: 1 + (i % 9) }))
}

/** As many keys as the metrics have, so that all ways in have as many cells. */
function keyOf(i: number): string {
  return `otel/shop/http.server.requests.${i % METRICS}`
}

/** A line as Cloudflare's Logpush writes it. */
function logLine(i: number, at: string): string {
  const line = {
    ClientRequestHost: 'shop.example.com',
    ClientRequestMethod: 'GET',
    ClientRequestURI: `/pricing/${i % METRICS}?utm_source=newsletter&page=${i}`,
    EdgeResponseStatus: 200,
    EdgeResponseBytes: 1_000 + i,
    EdgeStartTimestamp: at,
    ClientRequestUserAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    RayID: (0x8e0a1b2c + i).toString(16),
  }
  return `${JSON.stringify(line)}\n`
}

/** A time in ns when a delivery's first interval began: it is not read, and tells the delivery from all others. */
function startNs(n: number): bigint {
  return 1_700_000_000_000_000_000n + BigInt(n)
}

function bits(n: number): Buffer {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(startNs(n))
  return buffer
}

function digits(n: number): Buffer {
  return Buffer.from(startNs(n).toString())
}

/** Spaces behind a document. */
function textOf(n: number): Buffer {
  return Buffer.from(n.toString(2).padStart(32, '0').replaceAll('0', ' ').replaceAll('1', '\n'))
}

/** Makes one body and, from then on, copies of it with another number at its place. */
function numbered(make: (n: number) => Buffer, mark: (n: number) => Buffer): (n: number) => Buffer {
  let made: { readonly body: Buffer; readonly at: number } | undefined
  return (n) => {
    if (made === undefined) {
      const body = make(n)
      made = { body, at: body.indexOf(mark(n)) }
    }
    const copy = Buffer.from(made.body)
    mark(n).copy(copy, made.at)
    return copy
  }
}

/** @param labelsOf the labels of each point of a metric. */
function requestOf(n: number, labelsOf: LabelsOf): ResourceMetrics {
  const nowMs = Date.now()
  const endTime: [number, number] = [Math.floor(nowMs / 1000), 0]
  const first = startNs(n)
  const firstStart: [number, number] = [Number(first / 1_000_000_000n), Number(first % 1_000_000_000n)]
  const metrics = Array.from({ length: METRICS }, (_, m) => ({
    descriptor: {
      name: `http.server.requests.${m}`,
      unit: '{request}',
      description: 'Requests',
      valueType: 1,
    },
    aggregationTemporality: AggregationTemporality.DELTA,
    dataPointType: DataPointType.SUM as const,
    isMonotonic: true,
    dataPoints: Array.from({ length: POINTS / METRICS }, (_, i) => ({
      startTime: m + i === 0 ? firstStart : endTime,
      endTime,
      attributes: labelsOf(i),
      value: 1 + (i % 9),
    })),
  }))
  const resource = resourceFromAttributes({ 'service.name': 'shop', 'service.instance.id': 'shop-1' })
  return { resource, scopeMetrics: [{ scope: { name: 'shop', version: '1.0.0' }, metrics }] }
}
