import { setTimeout as sleep } from 'node:timers/promises'
import type { ShardStatus } from '../../src/model/status.ts'

/** The fields of `GET /status` that tests ask for. */
export type Status = {
  readonly shards: readonly (ShardStatus | { readonly shard: string; readonly error: string })[]
  /** Increments that Postgres may not have yet. */
  readonly pending: number
  readonly isConserved: boolean
}

/** How long the flush of all that is pending may take, at an interval of a few seconds. */
const SETTLE_MS_MAX = 30_000

/**
 * Asks until Postgres has everything that was accepted. Requests whose clients have hung up may still land, so it
 * wants the same answer twice, half a second apart.
 *
 * @returns the increments that the shards of the recent hours have taken, in all.
 * @throws with the last status, when it does not settle.
 */
export async function settledStatus(
  url: string,
  withinMs = SETTLE_MS_MAX,
): Promise<{ accepted: number; isConserved: boolean }> {
  const deadlineMs = Date.now() + withinMs
  let before = -1
  for (;;) {
    const status = await readStatus(url)
    const accepted = status.shards.reduce(
      (sum, shard) => sum + ('error' in shard ? Number.NaN : shard.accepted),
      0,
    )
    if (status.pending === 0 && accepted === before) return { accepted, isConserved: status.isConserved }
    if (Date.now() > deadlineMs) throw new Error(`not settled: ${JSON.stringify(status)}`)
    before = accepted
    await sleep(500)
  }
}

async function readStatus(url: string): Promise<Status> {
  const response = await fetch(`${url}/status`)
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`)
  return (await response.json()) as Status
}
