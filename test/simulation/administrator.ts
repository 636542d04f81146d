import { parseShardName } from '../../src/model/shard-name.ts'
import { keyOf } from '../../src/model/slices/slice.ts'
import type { Parked } from '../../src/shard/parked.ts'
import type { Instance } from './instance.ts'
import { Violation } from './scheduler.ts'
import type { ShardHost } from './shard-host.ts'
import { placeOf } from './tables.ts'
import { replayed } from './watch.ts'
import type { World } from './world.ts'

/** Asks every shard to try its parked cells again. */
export function retryParked(world: World): void {
  for (const host of world.hosts.values()) {
    if (!host.storage.hasTables) continue
    host.call('retry', ({ shard }) => shard.decideParked('retry', null)).catch(() => {})
  }
}

/** Discards some of the keys that a shard has parked, and sometimes names a key that it has not parked. */
export function discardSome(world: World, host: ShardHost): void {
  const { chance, scheduler } = world
  const parked = [...new Set([...replayed(host.storage).parked.keys()].map(keyOf))]
  const keys = ['site/none', ...parked].filter(() => chance.is(0.6))
  if (parked.length === 0) return
  // Scheduled by itself, so that nothing else happens between the look and the deed.
  scheduler.after(chance.between(1, 40), '', () => {
    host.call('discard', (instance) => discard(world, host, instance, keys)).catch(() => {})
  })
}

/** Discards, and enters it in the book once it is durable: after a rollback the cells are parked as before. */
async function discard(
  world: World,
  host: ShardHost,
  { shard }: Instance,
  keys: readonly string[],
): Promise<void> {
  const before = replayed(host.storage).parked
  const increments = await shard.decideParked('discard', keys)
  if (!world.isExact) return
  const gone = [...before].filter(([slice]) => keys.includes(keyOf(slice)))
  checkGone(host, gone, increments)
  host.storage.whenDurable(() => enter(world, host, gone))
}

type Gone = readonly (readonly [slice: string, parked: Parked])[]

/** Throws a Violation unless the shard has discarded exactly those of the keys that were parked. [C1] */
function checkGone({ name }: ShardHost, gone: Gone, increments: number): void {
  const due = gone.reduce((sum, [, { cell }]) => sum + cell.count, 0)
  if (increments !== due) throw new Violation(`[C1] ${name} discards ${increments} increments of ${due}`)
}

function enter(world: World, { name }: ShardHost, gone: Gone): void {
  const hour = parseShardName(name)?.hour
  if (hour === undefined) throw new Error(`${name} is no shard`)
  for (const [slice, { cell }] of gone) {
    world.scheduler.note(`${name} has discarded ${cell.count} of ${JSON.stringify(slice)}`)
    world.tally('discard')
    world.book.discard(placeOf(keyOf(slice), hour), cell)
  }
}
