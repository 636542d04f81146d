import { OpenMeter } from '@openmeter/sdk'
import { Analytics } from '@segment/analytics-node'
import { CloudEvent, HTTP } from 'cloudevents'
import { Client as lagoClient } from 'lago-javascript-client'
import { expect, test, vi } from 'vitest'
import { seeded } from '../../support/chance.ts'
import { metersOfDocs } from './pages.ts'
import { WRITER } from './stage.ts'
import { openKillable, unlucky } from './trouble.ts'

const DELIVERIES = 24
const RECORDS = 5
const KILLS = 3

const SEED = Date.now() % 2 ** 31

/** An application that sends records with one of the clients that the docs name. */
type Application = {
  /** The key that the meter of the docs gives its records. */
  readonly key: string
  /** Sends records, and resolves once the client has got through with them. */
  send(values: readonly number[]): Promise<void>
  /** How much a record of this value counts. */
  worth(value: number): number
}

/** Sends again and again, as the table in docs/meters.md asks of applications whose client does not. */
function untilTaken(send: () => Promise<unknown>): Promise<unknown> {
  return vi.waitFor(send, { timeout: 30_000, interval: 50 })
}

async function post(url: string, { headers, body }: { headers: object; body: unknown }): Promise<void> {
  const asked = { ...headers, authorization: `Bearer ${WRITER}` }
  const answer = await fetch(url, { method: 'POST', headers: asked, body: String(body) })
  if (answer.status !== 204) throw new Error(`${answer.status}: ${await answer.text()}`)
}

const APPLICATIONS: Readonly<Record<string, (url: string) => Application>> = {
  cloudevents: (url) => ({
    key: 'credits/acme',
    worth: (value) => value,
    async send(values) {
      const sending = values.map((amount, i) => {
        const event = new CloudEvent({
          source: '/shop',
          type: 'order.paid',
          subject: 'acme',
          data: { amount },
        })
        const message = i % 2 === 0 ? HTTP.binary(event) : HTTP.structured(event)
        return untilTaken(() => post(`${url}/events`, message))
      })
      await Promise.all(sending)
    },
  }),
  '@openmeter/sdk': (url) => {
    const openmeter = new OpenMeter({ baseUrl: url, apiKey: WRITER })
    return {
      key: 'tokens/acme/large',
      worth: (value) => value,
      async send(values) {
        const common = { source: 'test', type: 'prompt', subject: 'acme' }
        const events = values.map((tokens) => ({
          ...common,
          id: crypto.randomUUID(),
          time: new Date(),
          data: { model: 'large', tokens },
        }))
        await untilTaken(() => openmeter.events.ingest(events))
      },
    }
  },
  '@segment/analytics-node': (url) => {
    const path = '/records?meter=segment'
    const settings = { writeKey: WRITER, host: url, path, flushAt: RECORDS, maxRetries: 30 }
    return {
      key: 'segment/Order Completed',
      worth: () => 1,
      async send(values) {
        const analytics = new Analytics(settings)
        for (const value of values) analytics.track({ userId: `u${value}`, event: 'Order Completed' })
        await analytics.closeAndFlush({ timeout: 60_000 })
      },
    }
  },
  'lago-javascript-client': (url) => {
    const records = `${url}/records?meter=lago`
    const lago = lagoClient(WRITER, { customFetch: (_, init) => fetch(records, init) })
    return {
      key: 'lago/acme/calls',
      worth: () => 1,
      async send(values) {
        const timestamp = Math.floor(Date.now() / 1000)
        const events = values.map(() => ({
          transaction_id: crypto.randomUUID(),
          external_subscription_id: 'acme',
          code: 'calls',
          timestamp,
        }))
        await untilTaken(() => lago.events.createBatchEvents({ events }))
      },
    }
  },
}

test.each(Object.keys(APPLICATIONS))(
  `[N1] [I1] each record of %s counts once, though requests and answers are lost, 503s come and workerd is killed (seed ${SEED})`,
  async (client) => {
    const stage = await openKillable({ METERS: metersOfDocs() })
    const random = seeded(SEED)
    const proxy = await stage.proxy(unlucky(random))
    const application = APPLICATIONS[client]?.(proxy.url) ?? expect.fail('a client')
    const { key, worth } = application
    let expected = 0
    for (let n = 0; n < DELIVERIES; n++) {
      const values = Array.from({ length: RECORDS }, () => 1 + Math.floor(random() * 9))
      expected += values.reduce((sum, value) => sum + worth(value), 0)
      const sending = application.send(values)
      if (n % (DELIVERIES / KILLS) === 5) await stage.killAndRestart()
      await sending
    }
    expect(await stage.sumOf(key)).toBe(expected)
    // Deliveries came again that were counted and whose answers were lost.
    expect(proxy.passed.some(({ fate, status }) => fate.kind === 'answer lost' && status === null)).toBe(true)
    console.info(`${client}: ${proxy.passed.length} requests for ${DELIVERIES} deliveries, ${KILLS} kills`)
  },
)
