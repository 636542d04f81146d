import { ValueType } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DELTA, type Encoding, EXPORTERS, measure, sdkLog } from './opentelemetry.ts'
import { blocksOf, runProgram } from './pages.ts'
import { openStage, type Stage } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({})
})
afterAll(() => stage?.close())

const ENCODINGS = Object.keys(EXPORTERS) as Encoding[]

/** A service that no other test measures. */
const freshService = () => `shop-${crypto.randomUUID().slice(0, 8)}`

test('docs/otel.md: its variables and its program count what it says', async () => {
  const [variables = ''] = blocksOf('docs/otel.md', 'sh')
  const [program = ''] = blocksOf('docs/otel.md', 'js')
  expect(await runProgram(stage, variables, program)).toBe('')
  expect(await stage.sumOf('otel/shop/orders')).toBe(3)
  const [collector = ''] = blocksOf('docs/otel.md', 'yaml')
  const { exporters, service } = parse(collector)
  expect(Object.keys(exporters)).toEqual(service.pipelines.metrics.exporters)
})

describe.each(ENCODINGS)("OpenTelemetry's SDK, exporting %s", (encoding) => {
  test('counts its deltas exactly, whatever they are made of', async () => {
    const service = freshService()
    const { counter, provider, export: exportNow } = measure(stage.url, encoding, service)
    const requests = counter('http.requests')
    const bytes = provider.getMeter('test').createCounter('bytes', { valueType: ValueType.INT })
    const polled = provider.getMeter('test').createObservableCounter('polled')
    let total = 40
    polled.addCallback((result) => result.observe(total))
    const log = await sdkLog(async () => {
      requests.add(3, { route: '/a' })
      requests.add(2, { route: '/b' })
      bytes.add(2 ** 40)
      await exportNow()
      requests.add(1, { route: '/a' })
      total = 42
      await exportNow()
      // Nothing was added, so the deltas are 0.
      await exportNow()
    })
    expect(log).toBe('')
    expect(await stage.sumOf(`otel/${service}/http.requests`)).toBe(6)
    expect(await stage.sumOf(`otel/${service}/bytes`)).toBe(2 ** 40)
    expect(await stage.sumOf(`otel/${service}/polled`)).toBe(42)
    await provider.shutdown()
  })

  test('[N1] counts once when the answer is lost and the same bytes come again, compressed', async () => {
    const service = freshService()
    const proxy = await stage.proxy((n) => ({ kind: n === 0 ? 'answer lost' : 'through' }))
    const variables = { ...DELTA, OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }
    const { counter, provider, export: exportNow } = measure(proxy.url, encoding, service, variables)
    const log = await sdkLog(async () => {
      counter('http.requests').add(3)
      await exportNow()
    })
    expect(proxy.passed.map(({ status }) => status)).toEqual([null, 200])
    expect(proxy.passed[0]?.headers['content-encoding']).toBe('gzip')
    expect(log).toContain('Counted before, when this request first came: 1 data point.')
    expect(await stage.sumOf(`otel/${service}/http.requests`)).toBe(3)
    await provider.shutdown()
  })

  test('[N2] is told in its own log what was not counted, and which setting changes that', async () => {
    const service = freshService()
    const { counter, provider, export: exportNow } = measure(stage.url, encoding, service, {})
    const meter = provider.getMeter('test')
    const log = await sdkLog(async () => {
      counter('http.requests').add(3)
      meter.createHistogram('duration').record(5)
      await exportNow()
    })
    expect(log).toContain('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta')
    expect(log).toContain('cumulative: 1 data point of http.requests')
    expect(log).toContain('no sum: 1 data point of duration')
    await provider.shutdown()
  })

  test('[N2] has the good points of a request counted and hears of the bad ones', async () => {
    const service = freshService()
    const { counter, provider, export: exportNow } = measure(stage.url, encoding, service)
    const log = await sdkLog(async () => {
      counter('whole').add(7)
      counter('parts').add(0.5)
      provider.getMeter('test').createUpDownCounter('open').add(1)
      await exportNow()
    })
    expect(log).toContain('cumulative: 1 data point of open')
    expect(log).toContain(
      'Not counted: 1 data point of parts, the first because `value` must be a whole number',
    )
    expect(log).toMatch(/"?rejectedDataPoints"?:"?2/)
    expect(await stage.sumOf(`otel/${service}/whole`)).toBe(7)
    await provider.shutdown()
  })
})
