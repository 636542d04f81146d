import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REQUEST_BYTES_MAX } from '../../../src/limits.ts'
import { must } from '../../../src/model/assert.ts'
import { requests } from '../../edge/ingest/formats/otlp/request.ts'
import { metersOfDocs } from './pages.ts'
import { openStage, type Stage, WRITER } from './stage.ts'

const RUNS = Number(process.env['SUMDIAL_FUZZ_ROUNDS'] ?? 1_500)
const SEED = Number(process.env['SUMDIAL_FUZZ_SEED'] ?? Date.now() % 2 ** 31)

/** A hang would last for longer, and the largest bodies take a second or so. */
const ANSWER_MS_MAX = 15_000

/** MiB of V8's heap, past which workerd ends: the platform's bound. */
const HEAP_MIB = 128

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ METERS: metersOfDocs() }, { v8Flags: [`--max-heap-size=${HEAP_MIB}`] })
})
afterAll(() => stage?.close())

type Delivery = {
  readonly path: string
  readonly type: string
  readonly body: Uint8Array
  readonly isGzip: boolean
}

async function send({ path, type, body, isGzip }: Delivery): Promise<number> {
  const headers = {
    authorization: `Bearer ${WRITER}`,
    'content-type': type,
    ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
  }
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  const answer = await fetch(`${stage.url}${path}`, {
    method: 'POST',
    headers,
    body: Buffer.from(body),
    signal,
  })
  await answer.arrayBuffer()
  return answer.status
}

const event = fc.dictionary(
  fc.constantFrom('specversion', 'id', 'source', 'type', 'time', 'subject', 'data'),
  fc.oneof(fc.constantFrom<unknown>('1.0', 'order.paid', 'prompt', null, 1), fc.jsonValue()),
)

/** Bodies that may be good, each for its route. */
const good: fc.Arbitrary<Omit<Delivery, 'isGzip'>> = fc.oneof(
  requests.map((request) => {
    const body = must(ProtobufMetricsSerializer.serializeRequest(request), 'bytes')
    return { path: '/v1/metrics', type: 'application/x-protobuf', body }
  }),
  requests.map((request) => {
    const body = must(JsonMetricsSerializer.serializeRequest(request), 'bytes')
    return { path: '/v1/metrics', type: 'application/json', body }
  }),
  fc
    .tuple(fc.oneof(event, fc.array(event)), fc.constantFrom('cloudevents', 'cloudevents-batch'))
    .map(([value, type]) => {
      return { path: '/events', type: `application/${type}+json`, body: Buffer.from(JSON.stringify(value)) }
    }),
  fc.array(fc.jsonValue()).map((records) => {
    return {
      path: '/records?key=a/{a}',
      type: 'application/json',
      body: Buffer.from(JSON.stringify(records)),
    }
  }),
)

/** Some of them with other bytes, or cut off, before or after they are compressed. */
const deliveries: fc.Arbitrary<Delivery> = fc
  .record({
    delivery: good,
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    cut: fc.oneof(
      { weight: 3, arbitrary: fc.constant(1) },
      fc.nat({ max: 999 }).map((mille) => mille / 1000),
    ),
    isGzip: fc.boolean(),
    isDamagedAfter: fc.boolean(),
  })
  .map(({ delivery, changes, cut, isGzip, isDamagedAfter }) => {
    const damage = (bytes: Uint8Array) => {
      const copy = Uint8Array.from(bytes)
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte
      return copy.subarray(0, Math.ceil(copy.length * cut))
    }
    if (!isGzip) return { ...delivery, isGzip, body: damage(delivery.body) }
    const body = isDamagedAfter ? damage(gzipSync(delivery.body)) : gzipSync(damage(delivery.body))
    return { ...delivery, isGzip, body }
  })

const protobuf = { path: '/v1/metrics', type: 'application/x-protobuf' }
const json = { path: '/v1/metrics', type: 'application/json' }
const batch = { path: '/events', type: 'application/cloudevents-batch+json' }

const text = (content: string) => new TextEncoder().encode(content)

/** Bodies at the bounds, of everything that a decoder could grow by. */
const LARGE: readonly (readonly [string, Omit<Delivery, 'isGzip' | 'body'>, () => Uint8Array])[] = [
  [
    'messages of no bytes',
    protobuf,
    () => new Uint8Array(REQUEST_BYTES_MAX).map((_, i) => (i % 2 ? 0 : 0x0a)),
  ],
  ['zeros', protobuf, () => new Uint8Array(REQUEST_BYTES_MAX)],
  ['a length without an end', protobuf, () => new Uint8Array(REQUEST_BYTES_MAX).fill(0xff)],
  ['open brackets', json, () => new Uint8Array(REQUEST_BYTES_MAX).fill(0x5b)],
  ['empty points', json, () => text(pointsOf('{},'.repeat(REQUEST_BYTES_MAX / 3 - 100)))],
  [
    'points with large numbers',
    json,
    () => text(pointsOf('{"timeUnixNano":1795998964471000000},'.repeat(100_000))),
  ],
  ['fields', batch, () => text(`[{${Array.from({ length: 250_000 }, (_, i) => `"f${i}":1`)}}]`)],
  ['empty events', batch, () => text(`[${'{},'.repeat(REQUEST_BYTES_MAX / 3 - 10)}{}]`)],
  ['brackets in an event', batch, () => text(`[{"data":${'['.repeat(REQUEST_BYTES_MAX / 2)}`)],
]

function pointsOf(points: string, name = 'm'): string {
  const sum = `{"aggregationTemporality":1,"dataPoints":[${points}{}]}`
  return `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"${name}","sum":${sum}}]}]}]}`
}

describe('the Worker, sent deliveries in foreign formats that nobody should send', () => {
  test(`[I5] [N2] answers each in time and never with a 5xx (seed ${SEED})`, async () => {
    const statuses = new Map<number, number>()
    const property = fc.asyncProperty(fc.array(deliveries, { minLength: 1, maxLength: 10 }), async (all) => {
      for (const status of await Promise.all(all.map(send))) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        expect(status).toBeLessThan(500)
      }
    })
    await fc.assert(property, { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: 120_000 })
    console.info('answers:', Object.fromEntries(statuses))
    expect(statuses.get(200), 'taken').toBeGreaterThan(100)
    expect(statuses.get(400), 'refused').toBeGreaterThan(100)
  })

  test.each(LARGE)('[I5] answers a body of %s, as it is and compressed', async (_, to, makeBody) => {
    const body = makeBody()
    expect(await send({ ...to, body, isGzip: false })).toBeLessThan(500)
    expect(await send({ ...to, body: gzipSync(body), isGzip: true })).toBeLessThan(500)
  })

  test('[I5] stops a bomb of gzip at the bound, and goes on counting', async () => {
    // A gigabyte of zeros in a megabyte. Its making takes seconds, after which workerd ends a connection that is kept alive, so
    // fetch must be free to see that.
    const bomb = await promisify(gzip)(Buffer.alloc(2 ** 30))
    for (const to of [protobuf, json, batch]) {
      expect(await Promise.all([1, 2, 3].map(() => send({ ...to, body: bomb, isGzip: true })))).toEqual([
        413, 413, 413,
      ])
    }
    const point = { asInt: '3', timeUnixNano: `${Date.now()}000000` }
    // A name that random metrics do not have.
    const counted = text(pointsOf(`${JSON.stringify(point)},`, 'counted-after-bombs'))
    expect(await send({ ...json, body: counted, isGzip: false })).toBe(200)
    expect(await stage.sumOf('otel/unknown_service/counted-after-bombs')).toBe(3)
    expect(stage.log()).not.toContain('unexpected')
  })
})
