import { describeRatio, ratioOf } from '../figures.ts'
import type { Aim } from '../report.ts'
import type { RoundTurn, Workload } from '../rounds.ts'
import { NAMES } from './contenders.ts'
import { READERS } from './readers.ts'
import { READS, WORKLOADS } from './workloads.ts'

/** How much one contender does a second, divided by what another does in the same round. */
type Comparison = {
  readonly what: string
  readonly workload: Workload
  readonly contender: string
  readonly to: { readonly workload: Workload; readonly contender: string }
  /** Null where the ratio is only shown. */
  readonly atLeast: number | null
}

/** Sumdial to a contender under one workload, unless told otherwise: `of` another, or `to` another workload. */
const compare = (
  what: string,
  workload: Workload,
  contender: string,
  atLeast: number | null,
  { to = workload, of = NAMES.sumdial }: { to?: Workload; of?: string } = {},
): Comparison => ({ what, workload, contender: of, to: { workload: to, contender }, atLeast })

const { single256, hot, array1000, ids } = WORKLOADS
const { ceiling, upsert, queue, zod, sumdial } = NAMES
const { sql, committed, fresh, pending } = READERS

const COMPARISONS: readonly Comparison[] = [
  compare('singles, to the ceiling', single256, ceiling, 0.65),
  compare('singles, to an upsert each', single256, upsert, 3),
  compare('a hot key, to an upsert each', hot, upsert, 5),
  compare('arrays of 1,000, to a queue', array1000, queue, 1),
  compare('singles, to a queue', single256, queue, null),
  compare('arrays of 1,000, to zod alone', array1000, zod, 1.2),
  compare('a hot key, to 1,000 keys', hot, sumdial, 0.9, { to: single256 }),
  compare('singles with ids, to those without', ids, sumdial, null, { to: single256 }),
  compare('committed reads, to the same SQL', READS, sql, 0.8, { of: committed }),
  compare('fresh reads, to the same SQL', READS, sql, null, { of: fresh }),
  compare('fresh reads with increments pending, to the same SQL', READS, sql, null, { of: pending }),
]

/** The comparisons of which both sides have had their turns. */
export function ratioAims(turns: readonly RoundTurn[]): Aim[] {
  return COMPARISONS.flatMap(({ what, workload, contender, to, atLeast }) => {
    const side = { workload: workload.name, contender }
    const ratio = ratioOf(turns, side, { workload: to.workload.name, contender: to.contender })
    if (!Number.isFinite(ratio.median)) return []
    return {
      what,
      value: describeRatio(ratio),
      wanted: atLeast === null ? '' : `>= ${atLeast}`,
      isReached: atLeast === null ? null : ratio.median >= atLeast,
    }
  })
}
