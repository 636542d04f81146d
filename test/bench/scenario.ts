import type { Figures } from './figures.ts'
import type { Aim } from './report.ts'

/** A number that a scenario takes as an option. */
export type Setting = {
  readonly usual: number
  /** Its value in a quick run; the usual one unless told. */
  readonly quick?: number
  /** For `--help`. */
  readonly is: string
  /** Bounds of the option: from 1 on, unless told. */
  readonly least?: number
  readonly most?: number
}

/** A question that the bench answers by measuring. `Name` is the names of its settings. */
export type Scenario<Name extends string = string> = {
  /** As `--scenario` takes it. */
  readonly name: string
  /** A sentence or two for `--help`. */
  readonly shows: string
  /** The parts that `--only` chooses from. */
  readonly parts: readonly string[]
  /** The parts of a quick run; all of them unless told. */
  readonly quickParts?: readonly string[]
  readonly settings: Readonly<Record<Name, Setting>>
  /** Starts what it needs, measures, and ends what it has started. */
  measure(ask: Ask<Name>): Promise<Outcome>
}

/** A request to run a scenario. */
export type Ask<Name extends string = string> = {
  readonly settings: Readonly<Record<Name, number>>
  readonly isQuick: boolean
  readonly wants: (part: string) => boolean
  readonly progress: Progress
}

/** Says on standard error what is being done, or has just been done. */
export type Progress = (text: string) => void

export type Outcome = {
  /** Markdown. */
  readonly tables: readonly string[]
  readonly aims: readonly Aim[]
  /** Everything that was measured, for `--json`. */
  readonly figures: unknown
  /** Sentences about what must never happen and did, such as a lost increment. With any the bench exits with 1. */
  readonly faults: readonly string[]
  /** Rates for `--svg`. */
  readonly bars?: readonly Figures[]
}

/** Several parts of a scenario as one outcome, whose figures are those of the parts under their names. */
export function joinOutcomes(parts: Readonly<Record<string, Outcome>>): Outcome {
  const all = Object.values(parts)
  return {
    tables: all.flatMap(({ tables }) => tables),
    aims: all.flatMap(({ aims }) => aims),
    figures: Object.fromEntries(Object.entries(parts).map(([name, { figures }]) => [name, figures])),
    faults: all.flatMap(({ faults }) => faults),
    bars: all.flatMap(({ bars = [] }) => bars),
  }
}
