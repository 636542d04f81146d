import { OpenMeter } from '@openmeter/sdk'
import { ValueType } from '@opentelemetry/api'
import { Analytics } from '@segment/analytics-node'
import { CloudEvent, HTTP } from 'cloudevents'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { DELTA, type Encoding, EXPORTERS, measure, sdkLog } from './opentelemetry.ts'
import { blocksOf, metersOfDocs, runProgram, runPython } from './pages.ts'
import { openStage, type Stage, WRITER } from './stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage({ METERS: metersOfDocs() })
})
afterAll(() => stage?.close())

const ENCODINGS = Object.keys(EXPORTERS) as Encoding[]

/** A service that no other test measures. */
const freshService = () => `shop-${crypto.randomUUID().slice(0, 8)}`

describe('the docs', () => {
  test.each([
    ['docs/events.md', 0, 'credits/acme', 250],
    ['docs/events.md', 1, 'tokens/acme/large', 1200],
    ['docs/clients.md', 0, 'segment/Order Completed', 1],
    ['docs/clients.md', 1, 'lago/acme/calls', 1],
  ])('%s: its program %i counts under %s', async (page, program, key, sum) => {
    const block = blocksOf(page, 'js')[program] ?? ''
    expect(await runProgram(stage, '', block)).toBe('')
    expect(await stage.sumOf(key)).toBe(sum)
  })

  test('docs/clients.md: its program in Python counts once, however often it runs', async () => {
    const [program = ''] = blocksOf('docs/clients.md', 'python')
    const before = await stage.sumOf('credits/acme')
    const at = String(Date.now())
    const fixed = program.replace('int(time.time() * 1000)', at)
    if (!(await runPython(stage, fixed))) return
    await runPython(stage, fixed)
    expect(await stage.sumOf('credits/acme')).toBe(before + 250)
  })
})

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

describe("CloudEvents' and OpenMeter's libraries", () => {
  test('[N1] an event whose answer was lost counts once when it is sent again', async () => {
    const proxy = await stage.proxy((n) => ({ kind: n % 2 === 0 ? 'answer lost' : 'through' }))
    const subject = freshService()
    const event = new CloudEvent({ source: '/shop', type: 'order.paid', subject, data: { amount: 3 } })
    for (const { headers, body } of [HTTP.binary(event), HTTP.structured(event)]) {
      const send = () =>
        fetch(`${proxy.url}/events?access_token=${WRITER}`, {
          method: 'POST',
          headers: headers as Record<string, string>,
          body: String(body),
        })
      await expect(send()).rejects.toThrow()
      expect((await send()).status).toBe(204)
    }
    expect(await stage.sumOf(`credits/${subject}`)).toBe(3)

    const openmeter = new OpenMeter({ baseUrl: proxy.url, apiKey: WRITER })
    const events = [1, 2].map((tokens) => {
      return {
        id: crypto.randomUUID(),
        source: 'test',
        type: 'prompt',
        time: new Date(),
        subject,
        data: { model: 'a', tokens },
      }
    })
    await expect(openmeter.events.ingest(events)).rejects.toThrow()
    await openmeter.events.ingest(events)
    expect(await stage.sumOf(`tokens/${subject}/a`)).toBe(3)
  })

  test("[N2] OpenMeter's SDK throws what was not counted, and the rest is", async () => {
    const openmeter = new OpenMeter({ baseUrl: stage.url, apiKey: WRITER })
    const subject = freshService()
    const events = [{ tokens: 5, model: 'a' }, { model: 'a' }].map((data) => ({
      type: 'prompt',
      subject,
      data,
    }))
    await expect(openmeter.events.ingest(events)).rejects.toThrow(/Records in `errors` were not counted/)
    expect(await stage.sumOf(`tokens/${subject}/a`)).toBe(5)
  })

  test('a sender of web hooks may ask whether it may send', async () => {
    const headers = { 'webhook-request-origin': 'events.example.com' }
    const answer = await fetch(`${stage.url}/events?access_token=${WRITER}`, { method: 'OPTIONS', headers })
    expect([answer.status, answer.headers.get('webhook-allowed-origin')]).toEqual([200, 'events.example.com'])
    expect((await fetch(`${stage.url}/events`, { method: 'OPTIONS', headers })).status).toBe(401)
  })
})

test("[N1] Segment's library sends another body again, and its messages count once by their ids", async () => {
  const proxy = await stage.proxy((n) => ({ kind: n === 0 ? 'answer lost' : 'through' }))
  const event = freshService()
  const analytics = new Analytics({
    writeKey: WRITER,
    host: proxy.url,
    path: '/records?meter=segment',
    flushAt: 3,
  })
  for (let i = 0; i < 3; i++) analytics.track({ userId: `u${i}`, event })
  await analytics.closeAndFlush()
  expect(proxy.passed.map(({ status }) => status)).toEqual([null, 202])
  expect(proxy.passed[0]?.body.equals(proxy.passed[1]?.body ?? Buffer.alloc(0))).toBe(false)
  expect(await stage.sumOf(`segment/${event}`)).toBe(3)
})
