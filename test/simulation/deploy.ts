import { Isolate } from './isolate.ts'
import { nextRelease } from './release.ts'
import type { ShardHost } from './shard-host.ts'
import type { World } from './world.ts'

/** How long until nothing of the old release is left: far less than the hour before a schedule changes. */
const ROLL_OUT_MS_MAX = 120_000

/** Deploys another release. Isolates and shards are replaced one by one, so that old and new ones meet. */
export function deploy(world: World): void {
  const { chance, faults, scheduler } = world
  world.release = nextRelease(world.release, { chance, faults, nowMs: scheduler.nowMs })
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
