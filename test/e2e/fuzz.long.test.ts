import { PGlite } from '@electric-sql/pglite'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { EXPOSITION_TYPE } from '../../src/edge/operate/exposition.ts'
import { migrate } from '../../src/local/migrate.ts'
import { type NeonEndpoint, startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../src/local/neon/pglite-backend.ts'
import { addHours, formatHour, hourOf } from '../../src/model/hour.ts'
import { bundle } from '../support/bundled.ts'
import { type RawEnding, sendRaw } from '../support/raw-http.ts'
import { type Served, serve } from '../support/served.ts'
import type { Status } from '../support/status.ts'
import { BROKEN_REQUESTS } from './fuzz-broken.ts'
import { LARGE_BODIES } from './fuzz-large.ts'
import { type FuzzRequest, requests } from './fuzz-requests.ts'

/**
 * Requests that nobody should send, in workerd itself, on sockets of our own.
 *
 * - `SUMDIAL_FUZZ_ROUNDS`: rounds of up to 20 requests at a time, instead of 300.
 * - `SUMDIAL_FUZZ_SEED`: what a failure prints, to see it again.
 */
const ROUNDS = Number(process.env['SUMDIAL_FUZZ_ROUNDS'] ?? 300)
const SEED = Number(process.env['SUMDIAL_FUZZ_SEED'] ?? Date.now() % 2 ** 31)

const ANSWER_MS_MAX = 5_000

/** The largest bodies take a second or so by themselves, and more on a busy machine; a hang would last for longer. */
const LARGE_ANSWER_MS_MAX = 15_000

/** All that are open, and their neighbours, whatever hour the run ends in. */
const LATE_HOURS = 2
const BEGAN = hourOf(Date.now())
const HOURS = Array.from({ length: LATE_HOURS + 4 }, (_, i) => addHours(BEGAN, i - LATE_HOURS - 1))

let database: PGlite
let endpoint: NeonEndpoint
let served: Served

beforeAll(async () => {
  database = await PGlite.create()
  await migrate(database)
  endpoint = await startNeonEndpoint({ backend: pgliteBackend(database) })
  served = await serve({
    script: await bundle(),
    vars: {
      DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
      NEON_FETCH_ENDPOINT: endpoint.url,
      DEV_ACCESS: 'open',
      FLUSH_INTERVAL_SECONDS: '1',
      SHARDS: '2',
      LATE_HOURS: String(LATE_HOURS),
    },
  })
})

afterAll(async () => {
  await served?.stop()
  await endpoint?.close()
  await database?.close()
})

type Sent = Pick<FuzzRequest, 'bytes' | 'isHead' | 'isCut'> & { readonly items?: number }

/** Increments that were answered `accepted`, over all requests so far. */
let acknowledged = 0

describe('the Worker, sent what nobody should send', () => {
  test('[I2] answers each in time and never with a 5xx, and a refused request has counted nothing', async () => {
    const statuses = new Map<number, number>()
    const sendAll = async (all: readonly FuzzRequest[]) => {
      const endings = await Promise.all(all.map((request) => send(request)))
      for (const [i, ending] of endings.entries()) {
        if (ending.kind === 'answered') statuses.set(ending.status, (statuses.get(ending.status) ?? 0) + 1)
        checkEnding(all[i], ending)
      }
      await checkCounted()
    }
    let underWay = Promise.resolve()
    const round = fc.asyncProperty(
      fc.array(requests, { minLength: 1, maxLength: 20, size: 'max' }),
      (all) => (underWay = sendAll(all)),
    )
    // fast-check names the seed when it fails, and the round cut down to the least that fails.
    await fc.assert(round, { seed: SEED, numRuns: ROUNDS, interruptAfterTimeLimit: 200_000 })
    // When the time is over it leaves the last round alone, which would count while the next tests do.
    await underWay
    const sent = statuses.values().reduce((sum, count) => sum + count, 0)
    console.log(
      `${sent} requests answered, ${acknowledged} increments accepted:`,
      Object.fromEntries(statuses),
    )
    // Otherwise most of it was refused at the door.
    expect(statuses.get(202), 'accepted requests').toBeGreaterThan(sent / 10)
    expect(statuses.get(422), 'refused requests').toBeGreaterThan(sent / 20)
  })

  test.each(LARGE_BODIES)('[I2] [I5] answers in time a body of %s', async (_, type, makeBody, status) => {
    const body = makeBody()
    const head = `POST /increment HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`
    const request = { bytes: Buffer.from(head + body), isHead: false, isCut: false }
    const ending = await send(request, LARGE_ANSWER_MS_MAX)
    // Refused before it is read to its end, so the connection may break while we are still writing.
    if (status === 413 && ending.kind === 'closed') return
    checkEnding(request, ending)
    expect(ending).toMatchObject({ kind: 'answered', status })
    await checkCounted()
  })

  test('[I2] is none the worse for what is not HTTP', async () => {
    for (const text of BROKEN_REQUESTS) {
      const bytes = Buffer.from(text, 'latin1')
      const ending = await sendRaw(served.port, bytes, { timeoutMs: ANSWER_MS_MAX, isCut: true })
      const what = JSON.stringify([text.slice(0, 200), ending])
      expect(ending.kind, what).not.toBe('hung')
      if (ending.kind === 'answered') expect(ending.status, what).toBeLessThan(500)
    }
    await checkCounted()
  })

  test('[C1] Postgres has what was acknowledged and nothing else, and no fault was logged', async () => {
    await vi.waitFor(
      async () => expect(await readStatus()).toMatchObject({ pending: 0, isConserved: true }),
      {
        timeout: 30_000,
        interval: 100,
      },
    )
    const { rows } = await database.query(
      'select coalesce(sum(count), 0)::int as count from sumdial.counters',
    )
    expect(rows).toEqual([{ count: acknowledged }])
    expect(served.log()).not.toContain('unexpected')
  })
})

async function send({ bytes, isHead, isCut }: Sent, timeoutMs = ANSWER_MS_MAX): Promise<RawEnding> {
  const ending = await sendRaw(served.port, bytes, { timeoutMs, isHead, isCut })
  if (ending.kind === 'answered' && ending.status === 202) acknowledged += JSON.parse(ending.body).accepted
  return ending
}

const PAGE_TYPE = 'text/html; charset=UTF-8'

/** The docs are a page, and metrics are Prometheus's text. */
const OTHER_TYPES = [PAGE_TYPE, EXPOSITION_TYPE]

/**
 * In JSON but for those, problems as RFC 9457 has them, and a wrong address as a page where the request asks for one. A
 * request that breaks off may be left without an answer.
 */
function checkEnding(request: Sent | undefined, ending: RawEnding): void {
  const what = `${request?.bytes.toString('latin1', 0, 1_500)}\n-> ${JSON.stringify(ending).slice(0, 500)}`
  if (ending.kind === 'closed' && request?.isCut) return
  if (ending.kind !== 'answered') throw new Error(what)
  expect(ending.status, what).toBeLessThan(500)
  expect(typesOf(request, ending.status), what).toContain(ending.type)
  if (request?.isHead || OTHER_TYPES.includes(ending.type)) return
  const body = JSON.parse(ending.body)
  // Records are counted by what a meter makes of them, and not one by one.
  if (ending.status === 202 && request?.items !== undefined && body.records === undefined) {
    expect(body.accepted + body.duplicates + body.conflicts.length, what).toBe(request.items)
  }
  if (ending.status >= 300)
    expect(body, what).toMatchObject({ status: ending.status, detail: expect.any(String) })
}

function typesOf(request: Sent | undefined, status: number): readonly string[] {
  if (status < 300) return ['application/json', ...OTHER_TYPES]
  const isForPerson = request?.bytes.toString('latin1').includes('accept: text/html') ?? false
  return status === 404 && isForPerson
    ? ['application/problem+json', PAGE_TYPE]
    : ['application/problem+json']
}

/** The shards have taken what was acknowledged, and nothing of any other request. */
async function checkCounted(): Promise<void> {
  const { shards } = await readStatus()
  const counted = shards.reduce((sum, shard) => sum + ('error' in shard ? Number.NaN : shard.accepted), 0)
  const expected = acknowledged
  // So that what comes after, as a failure is cut down, is not blamed for this.
  acknowledged = counted
  expect(counted, 'increments that the shards took, and those acknowledged').toBe(expected)
}

async function readStatus(): Promise<Status> {
  const query = HOURS.map((hour) => `hour=${formatHour(hour)}`).join('&')
  const response = await fetch(`${served.url}/status?${query}`)
  return (await response.json()) as Status
}
