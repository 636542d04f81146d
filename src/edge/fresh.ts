import { AHEAD_MS_MAX, FRESH_SHARDS_MAX, FRESH_TRIES_MAX } from '../limits.ts'
import type { Cell } from '../model/cell.ts'
import { EMPTY_CELL } from '../model/cell.ts'
import type { Unsettled } from '../model/flight.ts'
import type { Hour, HourRange } from '../model/hour.ts'
import { addHours, hourOf } from '../model/hour.ts'
import type { Problem } from '../model/problem.ts'
import type { CommittedRead } from '../model/read.ts'
import { unsettledPart } from '../model/read.ts'
import type { Schedule } from '../model/schedule.ts'
import { formatShardName, slotOf } from '../model/shard-name.ts'
import { invalid } from './parameters.ts'

/** Asks a shard what Postgres may not have of each of these keys, in their order. */
export type AskUnsettled = (shard: string, keys: readonly string[]) => Promise<readonly Unsettled[]>

/** What the shards have of a key that Postgres has not, by hour. */
export type Unsettleds = ReadonlyMap<string, ReadonlyMap<Hour, Cell>>

export type FreshRead = { readonly committed: CommittedRead; readonly unsettled: Unsettleds }

/** One shard, and those of the keys that are its own. */
type Asked = { readonly shard: string; readonly hour: Hour; readonly keys: readonly string[] }

type Heard = Asked & { readonly unsettled: readonly Unsettled[] }

/** This hour and those before it, and close to the turn the next, for clients' clocks may be ahead. */
export function freshRange(nowMs: number, freshHours: number): HourRange {
  return { from: addHours(hourOf(nowMs), -freshHours), to: addHours(hourOf(nowMs + AHEAD_MS_MAX), 1) }
}

/** The shards of hours that are in both ranges. */
export function shardsToAsk(
  keys: readonly string[],
  range: HourRange,
  fresh: HourRange,
  shards: Schedule,
): Asked[] | Problem {
  const asked: Asked[] = []
  const to = Math.min(range.to, fresh.to)
  for (let hour = Math.max(range.from, fresh.from) as Hour; hour < to; hour = addHours(hour, 1)) {
    const bySlot = Map.groupBy(keys, (key) => slotOf(key, hour, shards))
    for (const [slot, own] of bySlot) asked.push({ shard: formatShardName({ hour, slot }), hour, keys: own })
  }
  if (asked.length <= FRESH_SHARDS_MAX) return asked
  const message = `and key ask ${asked.length} shards; one answer asks at most ${FRESH_SHARDS_MAX}`
  return invalid('freshHours', message)
}

/**
 * Reads rows and what is not in them yet, of one instant: asks again when a flush has landed in between. [R1]
 *
 * @returns undefined when one landed each time.
 */
export async function readFresh(
  asked: readonly Asked[],
  ask: AskUnsettled,
  readCommitted: (writers: readonly string[]) => Promise<CommittedRead>,
): Promise<FreshRead | undefined> {
  for (let attempt = 1; attempt <= FRESH_TRIES_MAX; attempt++) {
    const heard = await Promise.all(
      asked.map(async (one): Promise<Heard> => ({ ...one, unsettled: await ask(one.shard, one.keys) })),
    )
    // After the shards, never before: what they have settled by then is in the rows.
    const writers = heard.flatMap(({ unsettled }) => unsettled.map(({ writer }) => writer))
    const committed = await readCommitted([...new Set(writers)])
    const unsettled = unsettledOf(heard, committed.ledger)
    if (unsettled !== undefined) return { committed, unsettled }
  }
  return undefined
}

function unsettledOf(heard: readonly Heard[], ledger: CommittedRead['ledger']): Unsettleds | undefined {
  const all = new Map<string, Map<Hour, Cell>>()
  for (const { hour, keys, unsettled } of heard) {
    for (const [i, key] of keys.entries()) {
      const own = unsettled[i]
      if (own === undefined) throw new Error('a shard answers for each key')
      const part = unsettledPart(own, ledger)
      if (part === undefined) return undefined
      if (part.count === EMPTY_CELL.count) continue
      const hours = all.get(key) ?? new Map<Hour, Cell>()
      all.set(key, hours.set(hour, part))
    }
  }
  return all
}
