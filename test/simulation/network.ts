import type { MergeAnswer } from '../../src/model/flight.ts'
import type { Unsettled } from '../../src/model/read.ts'
import type { SentFlight } from './merging.ts'
import { merge } from './merging.ts'
import type { World } from './world.ts'

/** Longer than any attempt is waited for, and than any flight is tried. */
const LATE_MS_MAX = 120_000

/** Carries a flight to its shard, and the answer back. When one of them is lost, the call rejects or never ends. */
export function sendFlight(world: World, shard: string, flight: SentFlight): Promise<MergeAnswer> {
  const { faults, chance } = world
  const deliver = (ms: number) =>
    later(world, ms, () => {
      const host = world.host(shard)
      return host.call('merge', (instance) => merge(world, host, instance, flight))
    })
  if (faults.strikes('callTwice')) return twice(world, deliver)
  if (faults.strikes('overloaded')) return overloaded(world, deliver)
  if (faults.strikes('callLost')) return lost(world)
  if (faults.strikes('callLate')) return deliver(chance.between(1_000, LATE_MS_MAX))
  const answer = deliver(chance.between(1, 40))
  if (!faults.strikes('answerLost'))
    return answer.then((a) => later(world, chance.between(1, 40), async () => a))
  forget(answer)
  return lost(world)
}

/**
 * Delivers a flight, and once more long after it was accepted. A refused flight is not repeated: nothing remembers a
 * refusal, and `refused` is only certain because the platform never repeats a call by itself.
 */
async function twice(world: World, deliver: (ms: number) => Promise<MergeAnswer>): Promise<MergeAnswer> {
  const answer = await deliver(world.chance.between(1, 40))
  if (answer.kind === 'accepted') forget(deliver(world.chance.between(1, LATE_MS_MAX)))
  return answer
}

/** Asks a shard what it has of each key. The call can be lost like that of a flight. */
export function askUnsettled(world: World, shard: string, keys: readonly string[]): Promise<Unsettled[]> {
  const { faults, chance } = world
  if (faults.strikes('callLost')) return lost(world)
  return later(world, chance.between(1, 40), async () => {
    const unsettled = await world.host(shard).call('unsettled', ({ shard: s }) => s.unsettled(keys))
    return later(world, chance.between(1, 40), async () => unsettled)
  })
}

function later<T>({ scheduler }: World, ms: number, work: () => Promise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>()
  scheduler.after(ms, '', () => resolve(work()))
  return promise
}

function lost<T>(world: World): Promise<T> {
  if (world.chance.is(0.5)) return new Promise(() => {})
  return later(world, world.chance.between(1, 40), () => Promise.reject(new Error('Network connection lost')))
}

/** Rejects as overloaded. When the error is also marked as a reset, the call may have run. */
function overloaded<T>(world: World, deliver: (ms: number) => Promise<T>): Promise<T> {
  const isReset = world.chance.is(0.5)
  if (isReset) forget(deliver(world.chance.between(1, 40)))
  const marks = { overloaded: true, ...(isReset && { durableObjectReset: true }) }
  return later(world, world.chance.between(1, 40), () =>
    Promise.reject(Object.assign(new Error('Durable Object is overloaded'), marks)),
  )
}

/** Ignores the result of a call for which nobody waits. */
function forget(work: Promise<unknown>): void {
  work.catch(() => {})
}
