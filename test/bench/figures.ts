import type { Turn } from './rounds.ts'
import { table } from './table.ts'

/** Of two contenders in the same round, over the rounds. */
export type Ratio = { readonly median: number; readonly least: number; readonly most: number }

/** What the rounds of one contender come to, under one workload. */
export type Figures = {
  readonly workload: string
  readonly contender: string
  /** Increments or reads; this and the next two are medians over the rounds. */
  readonly perSecond: number
  readonly cpuMicros: number | null
  readonly latencyMs: { readonly p50: number; readonly p99: number }
  /** To the first contender, in the same round. */
  readonly ratio: Ratio
  /** Requests answered 503, over all rounds. */
  readonly refused: number
  readonly errors: number
}

/** @param baseline the name of the contender that the others are compared with. */
export function summarise(turns: readonly Turn[], baseline: string): Figures[] {
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

type Side = Pick<Turn, 'workload' | 'contender'>

/** Round by round, so that what else the machine did in a round meets both sides. */
export function ratioOf(turns: readonly Turn[], side: Side, to: Side): Ratio {
  const ratios = turns
    .filter(({ workload, contender }) => workload === side.workload && contender === side.contender)
    .map((turn) => turn.perSecond / rateIn(turns, turn.round, to))
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
}

function rateIn(turns: readonly Turn[], round: number, { workload, contender }: Side): number {
  const turn = turns.find((t) => t.workload === workload && t.round === round && t.contender === contender)
  return turn?.perSecond ?? Number.NaN
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return (low + high) / 2
}

const HEAD = ['CPU us/request', 'p50 ms', 'p99 ms', '503', 'errors']

export function describeRatio({ median: middle, least, most }: Ratio): string {
  return `${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`
}

/**
 * @param unit what is counted.
 * @param baseline who the others are compared with.
 */
export function describeFigures(figures: readonly Figures[], unit: string, baseline: string): string {
  const rows = figures.map((f) => [
    f.workload,
    f.contender,
    Math.round(f.perSecond).toLocaleString('en'),
    describeRatio(f.ratio),
    f.cpuMicros === null ? '-' : String(Math.round(f.cpuMicros)),
    String(f.latencyMs.p50),
    String(f.latencyMs.p99),
    String(f.refused),
    String(f.errors),
  ])
  return table(['workload', 'contender', `${unit}/s`, `to ${baseline}`, ...HEAD], rows)
}
