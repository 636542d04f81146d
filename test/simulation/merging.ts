import type { MergeAnswer } from '../../src/model/flight.ts'
import type { Instance } from './instance.ts'
import { asReadBy } from './release.ts'
import { Violation } from './scheduler.ts'
import type { ShardHost } from './shard-host.ts'
import type { World } from './world.ts'

/** A flight as it is called to a shard. */
export type SentFlight = { readonly encoded: string; readonly hasBacklog: boolean }

/** Hands a flight to an instance, which reads it as its release does, and checks the answer. */
export async function merge(
  world: World,
  host: ShardHost,
  instance: Instance,
  { encoded, hasBacklog }: SentFlight,
): Promise<MergeAnswer> {
  const { shard, release } = instance
  const flight = asReadBy(release, encoded)
  if (flight === null) return mergeUnknown(world, host, () => shard.merge(encoded, hasBacklog))
  try {
    if (hasBacklog) world.tally('backlog')
    const answer = await shard.merge(flight, hasBacklog)
    // A flight may have waited for others in an instance that has lost its storage since; its call has failed long ago.
    if (instance.life === 'current') world.answers.given(host, flight, answer)
    return answer
  } catch (error) {
    world.answers.threw(host, flight)
    throw error
  }
}

/** Checks that a flight of a later release is refused, never guessed, and touches nothing. [J1] */
async function mergeUnknown(
  world: World,
  host: ShardHost,
  hand: () => Promise<MergeAnswer>,
): Promise<MergeAnswer> {
  const before = contentOf(host)
  const answer = await hand()
  const isRefused = answer.kind === 'refused' && answer.reason === 'unknown_version'
  if (!isRefused) world.fail(new Violation(`[J1] of an unknown version: ${JSON.stringify(answer)}`))
  if (contentOf(host) !== before) world.fail(new Violation('[J1] an unknown version touches what is stored'))
  // Marked as touched, so that memory is compared with storage.
  host.storage.isTouched = true
  world.tally('unknown_version')
  return answer
}

function contentOf({ storage }: ShardHost): string {
  return JSON.stringify(storage.record().tables)
}
