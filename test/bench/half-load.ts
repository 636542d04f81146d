import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
import { NAMES } from './contenders.ts'
import { describeRatio, type Figures, median } from './figures.ts'
import type { Line } from './lines.ts'
import { startPacedLoad } from './paced/paced-load.ts'
import type { Waits } from './paced/phase.ts'
import { inTurn, type Plan } from './rounds.ts'
import { table } from './table.ts'
import { WORKLOADS } from './workloads.ts'

/**
 * Latency where it is not the queue's: single increments at half the rate that saturates. They fall due at a steady
 * pace, and each is measured from then, so that a stall meets all that fall due meanwhile. Not by autocannon: at a rate
 * it sends each second's share at once, and its correction takes the time between two requests for a millisecond.
 */

/** Who sends how fast, and why. */
type Case = { readonly contender: Contender; readonly of: string; readonly requestsPerSecond: number }

/** One case's turn of one round. */
export type HalfTurn = {
  readonly contender: string
  /** At half of whose rate. */
  readonly of: string
  readonly requestsPerSecond: number
  readonly round: number
  readonly waitMs: Waits
  readonly acknowledged: number
  readonly faults: readonly string[]
}

/** How many turns a round has. */
export const HALF_CASES = 3

const WARM_UP_MS = 1_000

/** @param figures of the saturating rounds, which tell the rates. Without them there is nothing to do. */
export async function runHalfLoad(
  contenders: readonly Contender[],
  figures: readonly Figures[],
  plan: Plan,
  progress: (text: string) => void,
): Promise<HalfTurn[]> {
  const cases = casesOf(contenders, figures)
  const turns: HalfTurn[] = []
  for (let round = 1; round <= plan.rounds; round++) {
    for (const each of inTurn(cases, round)) {
      progress(`half load: round ${round}/${plan.rounds}, ${each.contender.name} at half of ${each.of}`)
      turns.push(await takeTurn(each, round, plan.seconds))
    }
  }
  return turns
}

/** Both at half of what Sumdial can, and the ceiling at half of its own too. */
function casesOf(contenders: readonly Contender[], figures: readonly Figures[]): Case[] {
  const named = (name: string) => contenders.find((each) => each.name === name)
  const saturating = (name: string) =>
    figures.find(({ workload, contender }) => workload === WORKLOADS.single256.name && contender === name)
      ?.perSecond
  const [ceiling, sumdial] = [named(NAMES.ceiling), named(NAMES.sumdial)]
  const [most, own] = [saturating(NAMES.ceiling), saturating(NAMES.sumdial)]
  if (ceiling === undefined || sumdial === undefined || most === undefined || own === undefined) return []
  const half = (rate: number) => Math.round(rate / 2)
  return [
    { contender: ceiling, of: NAMES.sumdial, requestsPerSecond: half(own) },
    { contender: sumdial, of: NAMES.sumdial, requestsPerSecond: half(own) },
    { contender: ceiling, of: NAMES.ceiling, requestsPerSecond: half(most) },
  ]
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

/** How much longer Sumdial's p99 may be. */
const P99_RATIO_MAX = 3

export function halfLoadLines(turns: readonly HalfTurn[]): Line[] {
  return [NAMES.sumdial, NAMES.ceiling].flatMap((of) => {
    const ratios = turns
      .filter(({ contender }) => contender === NAMES.sumdial)
      .map(({ round, waitMs }) => waitMs.p99 / (p99In(turns, round, of) ?? Number.NaN))
    const ratio = { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
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

function p99In(turns: readonly HalfTurn[], round: number, of: string): number | undefined {
  return turns.find((t) => t.round === round && t.contender === NAMES.ceiling && t.of === of)?.waitMs.p99
}

/** Medians over the rounds. */
export function describeHalfLoad(turns: readonly HalfTurn[]): string {
  const groups = Map.groupBy(turns, ({ contender, of }) => `${contender}|${of}`)
  const rows = [...groups.values()].map((group) => {
    const [first] = group
    const of = (pick: (waits: Waits) => number) => median(group.map(({ waitMs }) => pick(waitMs))).toFixed(1)
    return [
      first?.contender ?? '',
      `half of ${first?.of}: ${first?.requestsPerSecond.toLocaleString('en')}`,
      of(({ median: middle }) => middle),
      of(({ p99 }) => p99),
      of(({ longest }) => longest),
    ]
  })
  return table(['singles at a steady pace', 'requests/s', 'median ms', 'p99 ms', 'longest ms'], rows)
}
