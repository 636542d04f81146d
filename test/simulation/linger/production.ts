import { Coalescer } from '../../../src/edge/coalesce/coalescer.ts'
import { FLIGHT_BYTES_MAX } from '../../../src/limits.ts'
import type { MergeAnswer } from '../../../src/model/flight.ts'
import { addIncrement, noIncrements } from '../../../src/model/increments.ts'
import { readArrival } from '../../../src/shard/arrival.ts'
import { GroupCommit } from '../../../src/shard/group-commit.ts'
import { seeded } from '../../support/chance.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { LingerLoad } from './simulate.ts'

/**
 * Puts an open load through the production coalescer and group commit, at the times and with the calls of the simulation.
 * It is slow, and only there to show that the simulation does what they do.
 */
export async function runProduction(load: LingerLoad, perSecond: number) {
  const { isolates, increments, callMs, lingerMs, seconds, seed } = load
  const clock = new FakeClock()
  const [chance, callChance] = [seeded(seed), seeded(~seed)]
  const latencies: number[] = []
  let [rows, calls] = [0, 0]
  const group = new GroupCommit({
    clock,
    lingerMs,
    rowBytes: FLIGHT_BYTES_MAX,
    commit: (flights) => {
      rows += 1
      return flights.map(() => ({ kind: 'accepted' }))
    },
  })
  const send = async (_: string, encoded: string, hasBacklog: boolean): Promise<MergeAnswer> => {
    calls += 1
    const wayMs = (callMs / 2) * (0.5 + callChance())
    await clock.sleep(wayMs)
    const arrival = readArrival(encoded)
    if (arrival === undefined) throw new Error('not a flight of this version')
    const answer = await group.take(arrival, hasBacklog)
    await clock.sleep(wayMs)
    return answer
  }
  for (let i = 0; i < isolates; i++) {
    const sender = `isolate ${i}`
    const coalescer = new Coalescer({ send, clock: { ...clock, uuid: () => sender } })
    const ask = async () => {
      const askedMs = clock.now()
      const unnamed = noIncrements()
      for (let n = 0; n < increments; n++) addIncrement(unnamed, `key/${n}`.padEnd(40, '.'), 1)
      await coalescer.submit('shard', unnamed, () => {})
      latencies.push(clock.now() - askedMs)
    }
    const next = () => {
      const ms = (-Math.log(1 - chance()) * 1_000 * isolates) / perSecond
      if (clock.now() + ms > seconds * 1_000) return
      clock.after(ms, () => {
        void ask()
        next()
      })
    }
    next()
  }
  await clock.pass(seconds * 1_000 + 10_000)
  return { requests: latencies.length, rows, calls, longestMs: Math.max(...latencies) }
}
