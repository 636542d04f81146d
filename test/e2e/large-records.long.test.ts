import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { expect, onTestFinished, test, vi } from 'vitest'
import { DELIVERY_CELLS_MAX } from '../../src/limits.ts'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgliteBackend } from '../../src/local/neon/pglite-backend.ts'
import { bundle } from '../support/bundled.ts'
import { type Served, serve } from '../support/served.ts'
import { settledStatus } from '../support/status.ts'

/** The platform's bound on an isolate's memory, in MiB. */
const HEAP_MIB_MAX = 128

/** Deliveries of 100,000 lines each, with as many keys as one may have, or nearly so. */
const DELIVERIES = 5
const LINES = 100_000
const KEYS = DELIVERY_CELLS_MAX - 1

const KILLS = 3

const TRIES_MAX = 200

/** Each line of a delivery is another key's, until the keys begin anew. The number of the delivery is in all lines. */
function bodyOf(delivery: number, at: number): Buffer {
  const filler = 'x'.repeat(200)
  const lines = Array.from({ length: LINES }, (_, i) => {
    return `{"delivery":${delivery},"path":"/some/page/${i % KEYS}","time":${at},"agent":"${filler}"}\n`
  })
  return gzipSync(lines.join(''))
}

test('[N1] [I5] large deliveries are counted once within the memory of an isolate, whatever is killed and sent again', async () => {
  const database = await PGlite.create()
  onTestFinished(() => database.close())
  await migrate(database)
  const endpoint = await startNeonEndpoint({ backend: pgliteBackend(database) })
  onTestFinished(() => endpoint.close())
  const objects = mkdtempSync(join(tmpdir(), 'sumdial-large-'))
  onTestFinished(() => rmSync(objects, { recursive: true, force: true }))
  const script = await bundle()
  const vars = {
    DATABASE_URL: 'postgresql://a:b@localhost/c',
    NEON_FETCH_ENDPOINT: endpoint.url,
    DEV_ACCESS: 'open',
    FLUSH_INTERVAL_SECONDS: '1',
  }
  const start = () => serve({ script, vars, objects, v8Flags: [`--max-heap-size=${HEAP_MIB_MAX}`] })
  let served: Served = await start()
  onTestFinished(() => served.stop())
  const at = Math.floor(Date.now() / 1000)
  const seen = new Set<number>()

  /** Sends until it is counted, as a log shipper does. */
  async function deliver(delivery: number): Promise<void> {
    const body = bodyOf(delivery, at)
    const query = `key=${encodeURIComponent('large{path}')}&at=${encodeURIComponent('{time}')}`
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      const answer = await fetch(`${served.url}/records?${query}`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'content-encoding': 'gzip' },
      }).catch(() => undefined)
      if (answer !== undefined) seen.add(answer.status)
      if (answer?.status === 202) {
        const { accepted, duplicates } = (await answer.json()) as { accepted: number; duplicates: number }
        expect(accepted + duplicates).toBe(LINES)
        return
      }
      await answer?.body?.cancel()
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    throw new Error(`delivery ${delivery} was never counted: ${[...seen]} ${served.log().slice(-2_000)}`)
  }

  const delivering = Promise.all(Array.from({ length: DELIVERIES }, (_, delivery) => deliver(delivery)))
  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 1_500 + 700 * kill))
    await served.stop()
    served = await start()
  }
  await delivering
  // One more of each is a duplicate as a whole, and nothing of it counts.
  await deliver(0)
  await settledStatus(served.url)
  const counted = async () => {
    const { rows } = await database.query(
      'select count(*)::int as keys, sum(sum)::int as sum, sum(count)::int as count from sumdial.counters',
    )
    return rows[0]
  }
  const all = { keys: KEYS, sum: DELIVERIES * LINES, count: DELIVERIES * LINES }
  await vi.waitFor(async () => expect(await counted()).toEqual(all), { timeout: 60_000, interval: 500 })
  expect([...seen].filter((status) => ![202, 503].includes(status))).toEqual([])
  expect(served.log()).not.toContain('unexpected')
})
