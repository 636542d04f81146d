import { READERS } from './contenders/readers.ts'
import { NAMES } from './contenders.ts'
import { describeRatio, ratioOf } from './figures.ts'
import type { Line } from './lines.ts'
import type { Turn, Workload } from './rounds.ts'
import { READS, WORKLOADS } from './workloads.ts'

/** How much one side does a second beside another in the same round. */
type Aim = {
  readonly what: string
  readonly workload: Workload
  readonly contender: string
  readonly to: { readonly workload: Workload; readonly contender: string }
  /** Null where it is only shown. */
  readonly atLeast: number | null
}

const aim = (
  what: string,
  workload: Workload,
  contender: string,
  atLeast: number | null,
  more: { workload?: Workload; of?: string } = {},
): Aim => ({
  what,
  workload,
  contender: more.of ?? NAMES.sumdial,
  to: { workload: more.workload ?? workload, contender },
  atLeast,
})

const { single256, hot, array1000, ids } = WORKLOADS
const { ceiling, upsert, queue, zod, sumdial } = NAMES
const { sql, committed, fresh, pending } = READERS

const AIMS: readonly Aim[] = [
  aim('singles, to the ceiling', single256, ceiling, 0.65),
  aim('singles, to an upsert each', single256, upsert, 3),
  aim('a hot key, to an upsert each', hot, upsert, 5),
  aim('arrays of 1,000, to a queue', array1000, queue, 1),
  aim('singles, to a queue', single256, queue, null),
  aim('arrays of 1,000, to zod alone', array1000, zod, 1.2),
  aim('a hot key, to 1,000 keys', hot, sumdial, 0.9, { workload: single256 }),
  aim('singles with ids, to those without', ids, sumdial, null, { workload: single256 }),
  aim('committed reads, to the same SQL', READS, sql, 0.8, { of: committed }),
  aim('fresh reads, to the same SQL', READS, sql, null, { of: fresh }),
  aim('fresh reads with increments pending, to the same SQL', READS, sql, null, { of: pending }),
]

/** The aims of which both sides have had their turns. */
export function ratioLines(turns: readonly Turn[]): Line[] {
  return AIMS.map(({ what, workload, contender, to, atLeast }) => {
    const side = { workload: workload.name, contender }
    const ratio = ratioOf(turns, side, { workload: to.workload.name, contender: to.contender })
    return { what, ratio, atLeast }
  })
    .filter(({ ratio }) => Number.isFinite(ratio.median))
    .map(({ what, ratio, atLeast }) => ({
      what,
      value: describeRatio(ratio),
      wanted: atLeast === null ? '' : `>= ${atLeast}`,
      isReached: atLeast === null ? null : ratio.median >= atLeast,
    }))
}
