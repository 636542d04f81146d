import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { CounterAnswer } from '../../src/edge/read/answers.ts'
import type { Backend } from '../../src/local/neon/backend.ts'
import { hourOf } from '../../src/model/hour.ts'
import { type Stand, startStand } from '../postgres/stand.ts'
import { bundle } from '../support/bundled.ts'
import { seeded } from '../support/chance.ts'
import { type Served, serve } from '../support/served.ts'
import { settledStatus } from '../support/status.ts'
import { startTappedProxy, type TappedProxy } from '../support/tapped-proxy.ts'
import { type CheckedRead, hoursToWrite, KnownSums, read, type Scene, write } from './fresh-reads.ts'

/**
 * Fresh reads while everything moves, in workerd itself before a real PostgreSQL.
 *
 * - `SUMDIAL_READS_MS`: how long writers and readers run, instead of 16 s.
 * - `SUMDIAL_READS_SEED`: their chance, to see a run again (as far as time allows).
 */
const RUN_MS = Number(process.env['SUMDIAL_READS_MS'] ?? 16_000)
const SEED = Number(process.env['SUMDIAL_READS_SEED'] ?? Date.now() % 2 ** 31)

const READS_ROWS = /from sumdial.counters/

const WRITERS = 6
const READERS = 4

const chance = seeded(SEED)

let stand: Stand
let proxy: TappedProxy
let script: string

beforeAll(async () => {
  stand = await startStand(8, answeringLate)
  proxy = await startTappedProxy(Number(new URL(stand.over('TCP').address.url).port))
  script = await bundle()
})

afterAll(async () => {
  await proxy?.close()
  await stand?.stop()
})

/** A way to Postgres, and all that goes wrong on it. */
type Trouble = {
  readonly vars: () => Readonly<Record<string, string>>
  readonly setAway: (isAway: boolean) => void
  /** Called ten times a second. */
  readonly disturb: () => void
}

const TROUBLES: Readonly<Record<'Neon' | 'TCP', Trouble>> = {
  Neon: {
    vars: () => stand.vars,
    setAway(isAway) {
      stand.faults.clear()
      if (isAway) stand.faults.inject({ kind: 'answer-500', times: Number.POSITIVE_INFINITY })
    },
    /** Rows that are read late, so that flushes land between them and the shards' answers; flushes without an answer. */
    disturb() {
      if (chance() < 0.4) stand.faults.inject({ kind: 'delay', ms: chance() * 400, match: READS_ROWS })
      if (chance() < 0.3) stand.faults.inject({ kind: 'drop-answer', match: /claim as/ })
      if (chance() < 0.2) stand.faults.inject({ kind: 'copy-later', afterMs: 400, match: /claim as/ })
    },
  },
  TCP: {
    vars: () => ({ DATABASE_URL: proxy.through(stand.over('TCP').address.url) }),
    setAway: (isAway) => proxy.setAway(isAway),
    /** Connections that are cut, of reads as of flushes, before, in and after their statements. */
    disturb() {
      const from = chance() < 0.5 ? 'client' : 'server'
      if (chance() < 0.4) proxy.cutNext({ from, afterBytes: Math.floor(chance() * 2_000) })
    },
  },
}

async function start({ vars }: Trouble): Promise<Served> {
  const served = await serve({
    script,
    vars: { ...vars(), DEV_ACCESS: 'open', FLUSH_INTERVAL_SECONDS: '1', SHARDS: '2' },
  })
  onTestFinished(() => served.stop())
  return served
}

/** Rows that are told of late: shards flush meanwhile. */
function answeringLate(backend: Backend): Backend {
  return {
    ...backend,
    async query(statement) {
      const result = await backend.query(statement)
      if (READS_ROWS.test(statement.text) && chance() < 0.4) await sleep(chance() * 400)
      return result
    },
  }
}

/** Postgres away from a third of the time to a half. @returns when, by `performance.now()`. */
async function outage({ setAway }: Trouble): Promise<{ fromMs: number; toMs: number }> {
  await sleep(RUN_MS / 3)
  setAway(true)
  const fromMs = performance.now()
  await sleep(RUN_MS / 6)
  const toMs = performance.now()
  setAway(false)
  return { fromMs, toMs }
}

async function disturbOn({ disturb }: Trouble, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    disturb()
    await sleep(100)
  }
}

async function readOn(scene: Scene, stopping: AbortSignal): Promise<CheckedRead[]> {
  const readings: CheckedRead[] = []
  while (!stopping.aborted) {
    readings.push(await read(scene))
    await sleep(scene.random() * 20)
  }
  return readings
}

describe('fresh reads beside writers, flushes, late increments and an outage of Postgres', () => {
  test.each(['Neon', 'TCP'] as const)(
    '[R1] over %s, none is below what was acknowledged before it, none above what was sent by its end',
    async (way) => {
      await stand.reset()
      const trouble = TROUBLES[way]
      const served = await start(trouble)
      const keys = Array.from({ length: 24 }, (_, i) => `reads/${SEED}/${i}`)
      const hours = hoursToWrite(hourOf(Date.now()))
      const scene = {
        url: served.url,
        known: new KnownSums(),
        keys,
        hours: [...new Set(hours)],
        random: chance,
      }
      const stopping = AbortSignal.timeout(RUN_MS)
      const [away, writers, readers] = await Promise.all([
        outage(trouble),
        Promise.all(Array.from({ length: WRITERS }, () => write({ ...scene, hours }, stopping))),
        Promise.all(Array.from({ length: READERS }, () => readOn(scene, stopping))),
        disturbOn(trouble, stopping),
      ])
      stand.faults.clear()
      const readings = readers.flat()
      say(readings, writers)
      expect(readings.flatMap(({ faults }) => faults)).toEqual([])
      expectOutage(readings, away)
      expect(readings.filter(({ pending }) => pending > 0).length).toBeGreaterThan(10)
      // Postgres being away stops no ingest.
      expect(writers.map(({ unknown }) => unknown)).toEqual(writers.map(() => 0))
      await expectFinal(scene)
    },
  )
})

function say(readings: readonly CheckedRead[], writers: readonly { acknowledged: number }[]): void {
  const of = (status: number) => readings.filter((reading) => reading.status === status).length
  const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged, 0)
  const fresh = readings.filter(({ pending }) => pending > 0).length
  console.info(
    `seed ${SEED}: ${acknowledged} increments; reads: ${of(200)} answered, ${fresh} of them with something pending; ${of(503)} 503`,
  )
}

/** Reads within the outage are 503s, and say when to ask again; there are no other answers than 200 and 503. */
function expectOutage(
  readings: readonly CheckedRead[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): void {
  expect(readings.filter(({ status }) => status !== 200 && status !== 503)).toEqual([])
  const within = readings.filter(({ beganMs, endedMs }) => beganMs > fromMs && endedMs < toMs)
  expect(within.length).toBeGreaterThan(4)
  expect(within.filter(({ status, retryAfter }) => status !== 503 || retryAfter === null)).toEqual([])
  const answered = readings.filter(({ status }) => status === 200)
  expect(answered.length).toBeGreaterThan(20)
  expect(answered.some(({ beganMs }) => beganMs > toMs)).toBe(true)
}

/** When all is settled, Postgres has exactly what was acknowledged. */
async function expectFinal({ url, known, keys, hours }: Scene): Promise<void> {
  await settledStatus(url)
  for (const key of keys) {
    const told = async (more: string) => {
      const response = await fetch(`${url}/counters/${key}?from=${(hours[0] ?? 0) * 3_600_000}${more}`)
      const { total, pending } = (await response.json()) as CounterAnswer
      return { sum: Number(total.sum), count: total.count, pending }
    }
    // Hours older than those of the status may take one more flush.
    await expect.poll(() => told('&freshHours=7'), { timeout: 20_000 }).toMatchObject({ pending: 0 })
    expect(await told('&consistency=committed')).toEqual({
      ...known.acknowledged(key, hours),
      pending: null,
    })
  }
}
