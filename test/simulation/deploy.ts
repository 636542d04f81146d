import { Isolate } from './isolate.ts'
import { nextRelease, type Release } from './release.ts'
import { editInWords } from './schedule-words.ts'
import type { ShardHost } from './shard-host.ts'
import type { World } from './world.ts'

/** How long until nothing of the old release is left: far less than the hour before a schedule changes. */
const ROLL_OUT_MS_MAX = 120_000

/** Deploys another release. Isolates and shards are replaced one by one, so that old and new ones meet. */
export function deploy(world: World): void {
  const { chance, faults, scheduler } = world
  const next = nextRelease(world.release, { chance, faults, nowMs: scheduler.nowMs })
  world.release = world.days.isOn ? { ...next, ...rewritten(world) } : next
  const { writes, reads } = world.release
  world.tally('deploy')
  scheduler.note(`a deploy, of code that writes flights of version ${writes} and reads ${reads}`)
  // An old isolate still answers the requests that it has, but gets no new ones.
  for (const place of world.isolates.keys()) {
    later(world, 'an isolate is replaced', () => {
      world.isolates[place] = new Isolate(world)
    })
  }
  for (const host of world.hosts.values()) replaceShard(world, host)
}

/** Schedules that were edited in words, at any hour, and put off where that was refused. */
function rewritten(world: World): Pick<Release, 'shards' | 'lateHours'> {
  const { release, faults, days, scheduler, postgres } = world
  const { chance } = days
  const { SHARDS, LATE_HOURS, isRefused } = editInWords(
    { SHARDS: release.shards, LATE_HOURS: release.lateHours },
    {
      SHARDS: faults.has('shardCountChanges') ? chance.between(1, 4) : undefined,
      LATE_HOURS: chance.is(0.6) ? chance.between(0, 2) : undefined,
    },
    { chance, nowMs: scheduler.nowMs, unsealed: postgres.unsealedHours() },
  )
  if (isRefused) world.tally('deployRefused')
  return { shards: SHARDS, lateHours: LATE_HOURS }
}

function replaceShard(world: World, host: ShardHost): void {
  const { instance, name } = host
  if (instance === null) return
  later(world, `${name} is replaced`, () => {
    if (host.instance === instance) host.crash(world.chance.is(0.5))
  })
}

function later({ chance, scheduler }: World, what: string, run: () => void): void {
  scheduler.after(chance.between(0, ROLL_OUT_MS_MAX), what, run)
}
