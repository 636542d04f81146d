import type { RoundTurn } from './rounds.ts'
import { number, table } from './table.ts'

/** A ratio over the rounds. */
export type Ratio = { readonly median: number; readonly least: number; readonly most: number }

/** The rounds of one contender under one workload, summed up. */
export type Figures = {
  readonly workload: string
  readonly contender: string
  /** Increments or reads. This and the next two are medians over the rounds. */
  readonly perSecond: number
  readonly cpuMicros: number | null
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  /** To the baseline in the same round. */
  readonly ratio: Ratio
  /** Requests answered 503, over all rounds. */
  readonly refused: number
  readonly errors: number
}

/** @param baseline the name of the contender that the others are compared with. */
export function summarise(turns: readonly RoundTurn[], baseline: string): Figures[] {
  const groups = Map.groupBy(turns, ({ workload, contender }) => `${workload}|${contender}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { workload, contender } = first
    const cpu = group.flatMap(({ cpuMicros }) => (cpuMicros === null ? [] : [cpuMicros]))
    return {
      workload,
      contender,
      perSecond: median(group.map((turn) => turn.perSecond)),
      cpuMicros: cpu.length > 0 ? median(cpu) : null,
      latencyMs: {
        p50: median(group.map((turn) => turn.latencyMs.p50)),
        p99: median(group.map((turn) => turn.latencyMs.p99)),
      },
      ratio: ratioOf(turns, { workload, contender }, { workload, contender: baseline }),
      refused: group.reduce((sum, turn) => sum + turn.refused, 0),
      errors: group.reduce((sum, turn) => sum + turn.errors, 0),
    }
  })
}

type Side = Pick<RoundTurn, 'workload' | 'contender'>

/** Compares round by round, so that whatever else the machine did in a round meets both sides. */
export function ratioOf(turns: readonly RoundTurn[], side: Side, to: Side): Ratio {
  const own = turns.filter((turn) => turn.workload === side.workload && turn.contender === side.contender)
  return spread(own.map((turn) => turn.perSecond / rateIn(turns, turn.round, to)))
}

function rateIn(turns: readonly RoundTurn[], round: number, { workload, contender }: Side): number {
  const turn = turns.find((t) => t.workload === workload && t.round === round && t.contender === contender)
  return turn?.perSecond ?? Number.NaN
}

export function spread(ratios: readonly number[]): Ratio {
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return (low + high) / 2
}

/** As `0.97 (0.89 to 1.07)`. */
export function describeRatio({ median: middle, least, most }: Ratio): string {
  return `${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`
}

/** @param unit what is counted: increments or reads. */
export function describeFigures(figures: readonly Figures[], unit: string, baseline: string): string {
  const head = ['workload', 'contender', `${unit}/s`, `to ${baseline}`, 'CPU us/request', 'p50 ms', 'p99 ms']
  const rows = figures.map((f) => [
    f.workload,
    f.contender,
    number(f.perSecond),
    describeRatio(f.ratio),
    f.cpuMicros === null ? '-' : number(f.cpuMicros),
    String(f.latencyMs.p50),
    String(f.latencyMs.p99),
    String(f.refused),
    String(f.errors),
  ])
  return table([...head, '503', 'errors'], rows)
}
