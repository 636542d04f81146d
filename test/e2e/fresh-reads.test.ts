import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatHourStart, hourOf, hourStartMs } from '../../src/model/hour.ts'
import { type Stand, startStand } from '../postgres/stand.ts'
import { bundle } from '../support/bundled.ts'
import { type Served, serve } from '../support/served.ts'

/** How long writers and readers go on, and when Postgres is away meanwhile. */
const RUN_MS = 16_000
const AWAY_MS = { from: 6_000, to: 10_000 }

/** Clients, and the keys and older hours that they share. */
const WRITERS = 8
const READERS = 4
const KEYS = 6
const HOURS_BACK = 4

let stand: Stand
let served: Served

beforeAll(async () => {
  stand = await startStand(8)
  served = await serve({
    script: await bundle(),
    vars: {
      DATABASE_URL: stand.connection.databaseUrl,
      NEON_FETCH_ENDPOINT: stand.connection.neonFetchEndpoint ?? '',
      DEV_ACCESS: 'open',
      FLUSH_INTERVAL_SECONDS: '1',
      SHARDS: '2',
    },
  })
})

afterAll(async () => {
  await served?.stop()
  await stand?.stop()
})

/** Increments by key and hour. */
class Tally {
  readonly #counts = new Map<string, number>()

  add(place: string): void {
    this.#counts.set(place, this.of(place) + 1)
  }

  of(place: string): number {
    return this.#counts.get(place) ?? 0
  }

  /** What they are now, whatever is added later. */
  copy(): Tally {
    const copy = new Tally()
    for (const [place, count] of this.#counts) copy.#counts.set(place, count)
    return copy
  }

  get places(): string[] {
    return [...this.#counts.keys()]
  }
}

const sent = new Tally()
const acknowledged = new Tally()

const placeOf = (key: string, hourStart: string) => `${key} ${hourStart}`

async function write(key: string, atMs: number): Promise<void> {
  const place = placeOf(key, formatHourStart(hourOf(atMs)))
  sent.add(place)
  const response = await fetch(`${served.url}/increment`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, at: atMs }),
  })
  await response.arrayBuffer()
  if (response.status === 202) acknowledged.add(place)
}

type Answer = {
  readonly buckets: readonly { readonly start: string; readonly count: number }[]
  readonly freshFrom: string
}

/** @returns whether it was answered; a wrong answer throws. */
async function read(key: string): Promise<boolean> {
  const before = acknowledged.copy()
  const response = await fetch(`${served.url}/counters?key=${key}&freshHours=${HOURS_BACK}`)
  if (response.status === 503) {
    expect(response.headers.get('retry-after')).not.toBeNull()
    await response.arrayBuffer()
    return false
  }
  expect(response.status).toBe(200)
  const { buckets, freshFrom } = (await response.json()) as Answer
  for (const { start, count } of buckets.filter((bucket) => bucket.start >= freshFrom)) {
    const place = placeOf(key, start)
    expect(count, place).toBeGreaterThanOrEqual(before.of(place))
    expect(count, place).toBeLessThanOrEqual(sent.of(place))
  }
  return true
}

test('[R1] no fresh read is below what was acknowledged before it, or above what was sent, while flushes land and Postgres goes away', async () => {
  const beganMs = Date.now()
  const isOver = () => Date.now() - beganMs > RUN_MS
  const keyOf = (n: number) => `fresh/${n % KEYS}`
  const answers = { given: 0, unavailable: 0 }

  async function writer(i: number): Promise<void> {
    for (let n = i; !isOver(); n += 7) {
      const back = n % 3 === 0 ? 1 + (n % HOURS_BACK) : 0
      await write(keyOf(n), hourStartMs(hourOf(Date.now())) - back * 3_600_000 + 1_000)
    }
  }
  async function reader(i: number): Promise<void> {
    for (let n = i; !isOver(); n++) {
      if (await read(keyOf(n))) answers.given++
      else answers.unavailable++
    }
  }
  async function outage(): Promise<void> {
    await pause(AWAY_MS.from)
    // More than there will be statements.
    stand.faults.inject({ kind: 'refuse', times: 1_000_000 })
    await pause(AWAY_MS.to - AWAY_MS.from)
    stand.faults.clear()
  }

  await Promise.all([
    ...Array.from({ length: WRITERS }, (_, i) => writer(i)),
    ...Array.from({ length: READERS }, (_, i) => reader(i)),
    outage(),
  ])

  const counted = acknowledged.places.reduce((sum, place) => sum + acknowledged.of(place), 0)
  console.info(`${counted} acknowledged, ${answers.given} reads exact, ${answers.unavailable} answered 503`)
  expect(answers.given).toBeGreaterThan(100)
  expect(answers.unavailable).toBeGreaterThan(0)
  expect(counted).toBeGreaterThan(1_000)
  for (let n = 0; n < KEYS; n++) expect(await read(keyOf(n))).toBe(true)
})
