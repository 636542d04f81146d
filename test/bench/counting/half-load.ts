import { setTimeout as sleep } from 'node:timers/promises'
import { describeRatio, type Figures, median, type Ratio, spread } from '../figures.ts'
import { startPacedLoad } from '../paced/paced-load.ts'
import type { Waits } from '../paced/phase.ts'
import type { Aim } from '../report.ts'
import { inTurn, type RoundsPlan } from '../rounds.ts'
import type { Progress } from '../scenario.ts'
import { number, table } from '../table.ts'
import { type Contender, NAMES } from './contenders.ts'
import { WORKLOADS } from './workloads.ts'

/**
 * Latency that is not the queue's: single increments at half the rate that saturates. They fall due at a steady pace,
 * and each is measured from when it was due, so that a stall meets everything that falls due meanwhile. autocannon
 * cannot do that: at a given rate it sends each second's share at once, and its correction takes the time between two
 * requests for a millisecond.
 */

export const HALF_LOAD = 'half load'

/** Who sends how fast: half of what the contender `of` has shown that it can. */
type Case = { readonly contender: Contender; readonly of: string; readonly requestsPerSecond: number }

/** One case's turn in one round. */
export type HalfTurn = {
  readonly contender: string
  readonly of: string
  readonly requestsPerSecond: number
  readonly round: number
  readonly waitMs: Waits
  /** Increments, those of the warm-up included. */
  readonly acknowledged: number
  readonly faults: readonly string[]
}

const WARM_UP_MS = 1_000

/** @param figures of the saturating rounds, which tell the rates. Without them there is nothing to do. */
export async function runHalfLoad(
  contenders: readonly Contender[],
  figures: readonly Figures[],
  plan: RoundsPlan,
  progress: Progress,
): Promise<HalfTurn[]> {
  const cases = casesOf(contenders, figures)
  const turns: HalfTurn[] = []
  for (let round = 1; round <= plan.rounds; round++) {
    for (const each of inTurn(cases, round)) {
      progress(`${HALF_LOAD}: round ${round}/${plan.rounds}, ${each.contender.name} at half of ${each.of}`)
      turns.push(await takeTurn(each, round, plan.seconds))
    }
  }
  return turns
}

/** Sumdial and the ceiling at half of what Sumdial can, and the ceiling at half of its own rate too. */
function casesOf(contenders: readonly Contender[], figures: readonly Figures[]): Case[] {
  const caseOf = (name: string, of: string): Case[] => {
    const contender = contenders.find((each) => each.name === name)
    const saturating = figures.find((f) => f.workload === WORKLOADS.single256.name && f.contender === of)
    if (contender === undefined || saturating === undefined) return []
    return [{ contender, of, requestsPerSecond: Math.round(saturating.perSecond / 2) }]
  }
  const { ceiling, sumdial } = NAMES
  return [...caseOf(ceiling, sumdial), ...caseOf(sumdial, sumdial), ...caseOf(ceiling, ceiling)]
}

async function takeTurn(
  { contender, of, requestsPerSecond }: Case,
  round: number,
  seconds: number,
): Promise<HalfTurn> {
  const { connections, items, keys } = WORKLOADS.single256
  const load = startPacedLoad({ connections, requestsPerSecond, items, keys, keyBytes: 1, atMs: null })
  try {
    await load.enter('warm-up', contender.urls)
    await sleep(WARM_UP_MS)
    await load.enter('measured', contender.urls)
    await sleep(seconds * 1000)
    const { phases, oddities } = await load.finish()
    const [, measured] = phases
    if (measured === undefined) throw new Error('the load has two phases')
    const acknowledged = phases.reduce((sum, phase) => sum + phase.acknowledged, 0)
    const all = { contender: contender.name, of, requestsPerSecond, round }
    return { ...all, waitMs: measured.waitMs, acknowledged, faults: oddities }
  } finally {
    await load.kill()
  }
}

/** How much longer than the ceiling's Sumdial's p99 may be. */
const P99_RATIO_MAX = 3

export function halfLoadAims(turns: readonly HalfTurn[]): Aim[] {
  return [NAMES.sumdial, NAMES.ceiling].flatMap((of) => {
    const ratio = ratioTo(turns, of)
    if (!Number.isFinite(ratio.median)) return []
    const what = of === NAMES.sumdial ? "at half of Sumdial's rate" : 'each at half of its own rate'
    return {
      what: `p99 of singles ${what}, to the ceiling's`,
      value: describeRatio(ratio),
      wanted: `<= ${P99_RATIO_MAX}`,
      isReached: ratio.median <= P99_RATIO_MAX,
    }
  })
}

/** Sumdial's p99 at half of its own rate to the ceiling's at half of `of`'s, round by round. */
function ratioTo(turns: readonly HalfTurn[], of: string): Ratio {
  const ceilingIn = (round: number) =>
    turns.find((t) => t.round === round && t.contender === NAMES.ceiling && t.of === of)?.waitMs.p99
  return spread(
    turns
      .filter(({ contender }) => contender === NAMES.sumdial)
      .map(({ round, waitMs }) => waitMs.p99 / (ceilingIn(round) ?? Number.NaN)),
  )
}

/** A table of the medians over the rounds. */
export function describeHalfLoad(turns: readonly HalfTurn[]): string {
  const groups = Map.groupBy(turns, ({ contender, of, requestsPerSecond }) =>
    [contender, `half of ${of}: ${number(requestsPerSecond)}`].join('|'),
  )
  const rows = [...groups].map(([name, group]) => {
    const middle = (pick: (waits: Waits) => number) => median(group.map((t) => pick(t.waitMs))).toFixed(1)
    return [...name.split('|'), middle((w) => w.median), middle((w) => w.p99), middle((w) => w.longest)]
  })
  return table(['singles at a steady pace', 'requests/s', 'median ms', 'p99 ms', 'longest ms'], rows)
}
