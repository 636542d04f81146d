import type { Counter, PrefixCounter, Sums } from '../../client/answers.ts'
import type { StatusAnswer } from '../../edge/operate/status.ts'

/** The figures that are drawn. */
export type Figures = Readonly<Pick<Sums, 'sum' | 'count'>>

/** An answer for one key, or for all keys under a prefix. */
export type ShownCounter = Counter | PrefixCounter

/** One shard's own status, with the ledger's figures when they were asked for. */
export type ShardStatus = Exclude<StatusAnswer['shards'][number], { readonly error: string }>

/** How many increments are parked in the shards that answered. */
export function parkedIn(status: StatusAnswer): number {
  return knownOf(status).reduce((sum, { parked }) => sum + parked.increments, 0)
}

/** Things that a person must see to, as far as a page knows: increments that are parked, and notices of the cron. */
export type Attention = { readonly parked: number; readonly notices: number }

export function attentionOf(status: StatusAnswer): Attention {
  return { parked: parkedIn(status), notices: status.notices.length }
}

/** The shards that answered. */
export function knownOf({ shards }: StatusAnswer): ShardStatus[] {
  return shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
}
