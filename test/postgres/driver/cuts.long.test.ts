import { afterAll, beforeAll, expect, test } from 'vitest'
import { cellOf } from '../../../src/model/cell.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { Flusher } from '../../../src/shard/flush.ts'
import { ShardStore } from '../../../src/shard/store.ts'
import { arrivalOf } from '../../support/arrival.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { nodeSql } from '../../support/node-sql.ts'
import { postgresAt } from '../../support/postgres-at.ts'
import { type Cut, startTappedProxy, type TappedProxy } from '../../support/tapped-proxy.ts'
import { type Stand, startStand } from '../stand.ts'

const START = Date.UTC(2026, 10, 21, 20)

let stand: Stand
let proxy: TappedProxy

beforeAll(async () => {
  stand = await startStand(4)
  proxy = await startTappedProxy(Number(new URL(stand.over('TCP').address.url).port))
})

afterAll(async () => {
  await proxy?.close()
  await stand?.stop()
})

/** A shard with its own code over the proxy: its alarm is rung by hand, and its waits pass at once. */
function startShard() {
  const clock = new FakeClock(START)
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  let alarmAtMs = START
  let n = 0
  const flusher = new Flusher({
    name: { hour: hourOf(START), slot: 0 },
    store,
    alarm: {
      set: (atMs) => {
        alarmAtMs = atMs
      },
    },
    sink: createSink(postgresAt({ kind: 'tcp', url: proxy.through(stand.over('TCP').address.url) })),
    clock,
    log: () => undefined,
    intervalMs: 5_000,
    retireAtMs: Number.POSITIVE_INFINITY,
    erase: () => undefined,
  })
  return {
    store,
    /** Counts, and flushes until Postgres has it. @returns how many flushes that took. */
    async countOne(): Promise<number> {
      store.merge([arrivalOf('isolate', ++n, [['k', cellOf(1)]])], clock.now())
      for (let flushes = 1; ; flushes++) {
        await flusher.run()
        if (store.openCells === 0 && store.frozen.length === 0) return flushes
        if (flushes > 5) throw new Error('nothing gets through')
        await clock.pass(Math.max(0, alarmAtMs - clock.now()))
      }
    },
  }
}

/** Messages are short at both ends. Between them is the text of a statement, in which one byte is like the next. */
const EACH_BYTE = 400
const STEP = 7

/** After how many bytes to cut: each at the ends, and some between. */
function placesIn(bytes: number): number[] {
  const all = Array.from({ length: bytes + 1 }, (_, i) => i)
  return all.filter((i) => i < EACH_BYTE || i > bytes - EACH_BYTE || i % STEP === 0)
}

test('[P1] [C1] [P4] a connection that is cut anywhere, in either direction, loses nothing and counts nothing twice', async () => {
  const shard = startShard()
  let counted = 0
  const countOne = async () => {
    counted += 1
    return shard.countOne()
  }
  await countOne()
  proxy.reset()
  await countOne()
  const { clientBytes, serverBytes } = proxy.seen
  const fromClient = placesIn(clientBytes).map((afterBytes): Cut => ({ from: 'client', afterBytes }))
  const fromServer = placesIn(serverBytes).map((afterBytes): Cut => ({ from: 'server', afterBytes }))
  const cuts = [...fromClient, ...fromServer]
  const told = { cuts: 0, resent: 0 }
  for (const cut of cuts) {
    proxy.reset()
    proxy.cutNext(cut)
    const flushes = await countOne()
    if (proxy.seen.wasCut) told.cuts += 1
    if (flushes > 1) told.resent += 1
  }
  const { accepted, settled, discarded, parked } = shard.store.holdings()
  console.info({ clientBytes, serverBytes, ...told, counted })
  expect({ accepted, settled, discarded, parked: parked.increments }).toEqual({
    accepted: counted,
    settled: counted,
    discarded: 0,
    parked: 0,
  })
  expect(await stand.sums()).toEqual({ k: String(counted) })
  expect(told.cuts).toBeGreaterThan(fromClient.length)
  expect(told.resent).toBeGreaterThan(fromClient.length / 2)
  await expect.poll(proxy.open).toBe(0)
})
