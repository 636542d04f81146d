import { discardSome, retryParked } from './administrator.ts'
import type { Wish } from './clients.ts'
import { actOnDays, daysPassMs } from './days/days-deeds.ts'
import { deploy } from './deploy.ts'
import { readFresh } from './fresh-read.ts'
import { Isolate } from './isolate.ts'
import { Violation } from './scheduler.ts'
import type { ShardHost } from './shard-host.ts'
import type { Recording } from './storage.ts'
import type { World } from './world.ts'

const KEYS = Array.from({ length: 9 }, (_, i) => `site/${i}`)
const MINUTE = 60_000

/** Records of storage, to be put back later. */
export type Recordings = {
  readonly shards: Map<string, Recording>
  postgres: ReturnType<World['postgres']['copy']> | undefined
}

/** Lets clients, operators or misfortune do something, and then some time pass. */
export async function act(world: World, recordings: Recordings): Promise<void> {
  const { chance, faults, clients, isolates } = world
  if (chance.is(0.7)) request(world)
  if (chance.is(0.05)) crowd(world)
  if (chance.is(0.1)) deliver(world)
  if (chance.is(0.1)) clients.askAgain(chance.pick(isolates))
  if (faults.strikes('nameReused')) clients.contradict(chance.pick(isolates))
  if (chance.is(0.3)) read(world)
  strikeShards(world)
  strikePostgres(world)
  administer(world)
  actOnDays(world)
  if (faults.strikes('deploy')) deploy(world)
  if (faults.strikes('isolateDies')) replaceIsolate(world)
  if (!world.isExact) rewind(world, recordings)
  await world.pass(daysPassMs(world) ?? pauseMs(world))
}

function pauseMs({ chance, faults }: World): number {
  if (faults.strikes('leap')) return chance.between(5 * MINUTE, 70 * MINUTE)
  return chance.is(0.1) ? chance.between(1_000, 30_000) : chance.between(0, 400)
}

function request(world: World): void {
  const { chance, scheduler } = world
  const count = chance.is(0.1) ? chance.between(4, 9) : chance.between(1, 3)
  const wishes = Array.from({ length: count }, (): Wish => {
    const key = keyOf(world)
    const atMs = scheduler.nowMs + (chance.is(0.2) ? chance.between(-90 * MINUTE, 4 * MINUTE) : 0)
    return { key, atMs }
  })
  world.clients.ask(chance.pick(world.isolates), wishes)
}

/** Names are rare here, so that most flights have none. */
const SELDOM_NAMED = { whole: 0.02, each: 0.05 }

/** A delivery of a log shipper: several keys, and often lines of several hours. */
function deliver(world: World): void {
  const { chance, scheduler, clients, isolates } = world
  const wishes = Array.from({ length: chance.between(2, 12) }, (): Wish => {
    return {
      key: keyOf(world),
      atMs: scheduler.nowMs - (chance.is(0.3) ? chance.between(0, 150 * MINUTE) : 0),
    }
  })
  clients.deliver(chance.pick(isolates), wishes)
}

/** Many requests for one key, from any isolate, so close together that their flights share rows. */
function crowd(world: World): void {
  const { chance, scheduler, clients, isolates } = world
  const key = keyOf(world)
  const oneMore = () => clients.ask(chance.pick(isolates), [{ key, atMs: scheduler.nowMs }], SELDOM_NAMED)
  for (let left = chance.between(4, 20); left > 0; left--)
    scheduler.after(chance.between(0, 200), 'one of a crowd asks', oneMore)
}

/**
 * A key; half of all requests go to the same one. After a while another key follows, because the book can tell only so
 * many increments of a key apart.
 */
function keyOf({ chance, scheduler }: World): string {
  const key = chance.is(0.5) ? 'site/0' : chance.pick(KEYS)
  return `${key}/${Math.floor(scheduler.steps / 500)}`
}

function read(world: World): void {
  readFresh(world, world.chance.pick(world.isolates), keyOf(world)).catch((error: unknown) => {
    if (error instanceof Violation) world.fail(error)
  })
}

function strikeShards(world: World): void {
  const { chance, faults } = world
  for (const host of world.hosts.values()) {
    if (host.instance === null) continue
    if (faults.strikes('crash')) host.crash(chance.is(0.5))
    if (faults.strikes('evict')) host.crash(true)
    if (faults.strikes('zombie')) host.supersede()
    if (faults.strikes('clockSetBack')) setBack(world, host)
  }
}

function setBack({ chance, scheduler }: World, host: ShardHost): void {
  const ms = chance.pick([30_000, 3_600_000])
  host.setClock(ms)
  scheduler.note(`${host.name}: the clock is set back by ${ms} ms`)
  if (chance.is(0.7)) scheduler.after(chance.between(1_000, 2 * ms), '', () => host.setClock(0))
}

function strikePostgres(world: World): void {
  const { chance, faults, postgres, scheduler } = world
  if (faults.strikes('pgAway')) {
    world.isPostgresAway = true
    scheduler.note('Postgres goes away')
    scheduler.after(chance.between(100, 120_000), 'Postgres is back', () => {
      world.isPostgresAway = false
    })
  }
  if (faults.strikes('pgStuck')) {
    world.isPostgresStuck = true
    scheduler.note('batches are stuck')
    scheduler.after(chance.between(10_000, 90_000), '', () => {
      world.isPostgresStuck = false
    })
  }
  if (faults.strikes('pgRefusesCells')) {
    const keys = someKeys(world)
    const refusal = chance.pick(['constraint', 'trigger'] as const)
    postgres.refused.set(keys, refusal)
    scheduler.note(`a ${refusal} refuses ${keys}`)
    scheduler.after(chance.between(1_000, 300_000), '', () => postgres.refused.delete(keys))
  }
  if (faults.strikes('pgSleepsForCells')) {
    const keys = someKeys(world)
    world.sleeping.add(keys)
    scheduler.note(`a trigger sleeps for ${keys}`)
    scheduler.after(chance.between(1_000, 300_000), '', () => world.sleeping.delete(keys))
  }
}

/** A key, or the beginning of several; now and then that of all. */
function someKeys(world: World): string {
  const key = keyOf(world)
  if (world.chance.is(0.5)) return key
  return world.chance.is(0.2) ? 'site/' : key.slice(0, key.lastIndexOf('/') + 1)
}

function administer(world: World): void {
  const { chance, faults } = world
  if (faults.has('pgRefusesCells') && chance.is(0.02)) retryParked(world)
  for (const host of world.hosts.values()) {
    if (host.storage.hasTables && faults.strikes('discard')) discardSome(world, host)
  }
}

function replaceIsolate(world: World): void {
  const place = world.chance.between(0, world.isolates.length - 1)
  world.isolates[place]?.die()
  world.isolates[place] = new Isolate(world)
  world.scheduler.note('an isolate dies')
}

/** Wakes every shard, as the hourly cron does; a shard that has lost its alarm then sets it again. */
export function wakeAll(world: World): void {
  for (const host of world.hosts.values()) host.call('wake', ({ shard }) => shard.wake()).catch(() => {})
}

function rewind(world: World, recordings: Recordings): void {
  const { chance, faults, postgres, scheduler } = world
  const hosts = [...world.hosts.values()]
  if (hosts.length === 0) return
  const host = chance.pick(hosts)
  if (chance.is(0.05) && !host.storage.isPending) recordings.shards.set(host.name, host.storage.record())
  if (chance.is(0.05)) recordings.postgres = postgres.copy()
  const recorded = recordings.shards.get(host.name)
  if (recorded !== undefined && faults.strikes('shardRewound')) {
    host.crash(true)
    host.storage.rewindTo(recorded)
    scheduler.note(`${host.name} is put back`)
  }
  if (recordings.postgres !== undefined && faults.strikes('pgRewound')) {
    postgres.rewindTo(recordings.postgres)
    scheduler.note('Postgres is put back')
  }
}
