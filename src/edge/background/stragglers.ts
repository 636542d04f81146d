import { STRAGGLER_PAGES_MAX, STRAGGLERS_MAX } from '../../limits.ts'
import type { Hour } from '../../model/hour.ts'
import type { Database, Shards } from '../ports.ts'

export type StragglerServices = {
  readonly shards: Pick<Shards, 'wake'>
  readonly database: Pick<Database, 'stragglers' | 'sealAll'>
}

/** How many shards answered when they were woken, and how many did not. */
export type Woken = { readonly woken: number; readonly failed: number }

export type Visited = Woken & {
  /** Writers that were sealed, because their shards have gone or gone on. */
  readonly sealed: number
  /** The shard behind which the next visit goes on; null when the last one was visited. */
  readonly next: string | null
}

/**
 * Visits shards of hours before `before` that have writers which nobody has sealed, in the order of their names: those
 * after the shard `after`, all for null, as many as one run may.
 *
 * A shard that lives is woken, and retires by itself. A writer that its shard does not have any more is sealed here,
 * because nobody else will: Postgres was put back to a time before its seal, or the shard's storage was. Without that the
 * hour never counts as done. That is safe whatever happens meanwhile:
 *
 * - The ledger is read before the shard is asked. A writer's name is stored before its first batch, so a writer that is in
 *   the ledger is older than the answer, and a shard never goes back to one. What the shard moved to since is not on the
 *   list.
 * - A shard left this writer only after a seal, by moving on [F3] or by retiring [Z1]. So a second seal refuses nothing that
 *   the first did not, and all that the writer had frozen is settled or in the batches of another.
 * - Where storage was put back, or two Workers share a database, a shard may find its writer sealed. It moves on and loses
 *   nothing. [F1]
 *
 * @param onPage is told where the visit has got to, so that one that fails goes on there and not at the start.
 */
export async function visitStragglers(
  { before, after }: { readonly before: Hour; readonly after: string | null },
  { shards, database }: StragglerServices,
  onPage: (next: string | null) => void,
): Promise<Visited> {
  const total = { woken: 0, failed: 0, sealed: 0 }
  let next = after
  for (let page = 0; page < STRAGGLER_PAGES_MAX; page++) {
    const found = await database.stragglers(before, next)
    const answers = await Promise.allSettled(found.map(({ shard }) => shards.wake(shard)))
    const left = found.flatMap(({ writers }, i) => {
      const answer = answers[i]
      // A shard of an older deployed version answers nothing, so nobody knows which writer it has.
      const current = answer?.status === 'fulfilled' ? answer.value?.writer : undefined
      return current === undefined ? [] : writers.filter((writer) => writer !== current)
    })
    const failed = answers.filter(({ status }) => status === 'rejected').length
    total.failed += failed
    total.woken += found.length - failed
    if (left.length > 0) total.sealed += await database.sealAll(left)
    next = found.length < STRAGGLERS_MAX ? null : (found.at(-1)?.shard ?? null)
    onPage(next)
    if (next === null) break
  }
  return { ...total, next }
}
