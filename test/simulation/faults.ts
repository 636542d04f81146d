import type { Chance } from './chance.ts'

/** Every kind of fault, with the highest probability that it strikes at each occasion. */
const STRONGEST = {
  /** A client sends other content under the names of an earlier request. */
  nameReused: 0.1,
  /** A client hangs up in the middle of its request. */
  hangUp: 0.2,
  /** The platform ends a request although it is kept alive; perhaps the one that leads a flight. */
  requestLost: 0.05,
  /** A call to a shard never gets there. */
  callLost: 0.15,
  /** A call gets there, and its answer is lost. */
  answerLost: 0.15,
  /** A call gets there long after it was given up, and after later ones. */
  callLate: 0.1,
  /** A call gets there twice, the second time much later. */
  callTwice: 0.1,
  /**
   * The platform refuses a call as overloaded. Sometimes the error is also marked as a reset, and then the call may
   * have run.
   */
  overloaded: 0.05,
  /** A shard says that there is no room. */
  full: 0.05,
  /** An object dies: before its writes are durable, or after that but before their answers leave. */
  crash: 0.06,
  evict: 0.05,
  /** A second incarnation begins while the first lives on. */
  zombie: 0.05,
  isolateDies: 0.02,
  /** A transaction fails, and rolls back. */
  storageRefuses: 0.03,
  alarmLate: 0.1,
  alarmTwice: 0.1,
  alarmLost: 0.05,
  /** A crash while Postgres is awaited, or right after a freeze is durable. */
  crashInFlush: 0.06,
  pgRefuses: 0.15,
  pgFails: 0.15,
  /** Postgres commits, and answers with a failure. */
  pgFailsAfterCommit: 0.15,
  /** Postgres commits, and never answers. */
  pgAnswerLost: 0.1,
  /** The statement times out, and is executed later. */
  pgSlow: 0.1,
  /** A copy of a statement is executed again, seconds to hours later. */
  pgCopy: 0.15,
  /** Postgres is away for a while. */
  pgAway: 0.02,
  /** For a while no batch is answered in time, whether it is executed or not; seals are answered. */
  pgStuck: 0.03,
  /** For a while Postgres refuses cells of some keys, by a constraint or by a trigger that raises another error. */
  pgRefusesCells: 0.04,
  /** For a while a trigger sleeps for cells of some keys. */
  pgSleepsForCells: 0.02,
  /** An administrator gives up parked cells for good. */
  discard: 0.1,
  /**
   * Another release is deployed, and old and new code run at the same time. It may write flights of another version.
   */
  deploy: 0.03,
  formatChanges: 1,
  clocksDiffer: 1,
  /** The clock of a shard's machine is set back, which its alarms go by too; later it is put right again. */
  clockSetBack: 0.02,
  shardCountChanges: 0.7,
  leap: 0.03,
} as const

/** Storage is put back to an earlier state. Then counts are not exact, so only some runs have these. */
const REWINDS = { shardRewound: 0.02, pgRewound: 0.02 } as const

/** Of days, of those who make and delete them, and of what comes late for them. */
const DAYS = {
  /** Hours or days pass at once. */
  daysPass: 0.2,
  /** An import writes a batch of an old hour straight to Postgres. */
  lateBatch: 0.5,
  /** Parked cells are tried again long after their hours. */
  retriedLate: 0.2,
  /** Two crons run at a time. */
  cronTwice: 0.4,
  /** A cron dies before or after one of its statements, whether Postgres executes that or not. */
  cronDies: 0.15,
  cronFails: 0.1,
  /** Postgres commits, and the cron never hears its answer. */
  cronUnheard: 0.1,
  /** A statement of the cron is executed long after the cron gave it up. */
  cronLate: 0.15,
  /** The transaction of a cron that died between its statements holds its row for a while. */
  cronHolds: 0.8,
} as const

const RATES = { ...STRONGEST, ...REWINDS, ...DAYS } as const

export type FaultKind = keyof typeof RATES

type Kinds = readonly FaultKind[]

export const ALL_KINDS = Object.keys(STRONGEST) as Kinds
export const REWIND_KINDS = Object.keys(REWINDS) as Kinds
export const DAY_KINDS = Object.keys(DAYS) as Kinds

export function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(RATES, text)
}

/**
 * The faults of one run, and how often each strikes. Each run has only some kinds, so that they do not drown each
 * other.
 */
export class Faults {
  readonly #rates = new Map<FaultKind, number>()
  readonly #chance: Chance
  #areOver = false

  /** @param groups kinds of which some strike, all, or none. */
  constructor(
    chance: Chance,
    without: Kinds,
    ...groups: readonly (readonly [Kinds, 'some' | 'all' | 'none'])[]
  ) {
    this.#chance = chance
    for (const [kinds, which] of groups) {
      for (const kind of kinds) {
        const isOn = which === 'some' ? chance.is(0.5) : which === 'all'
        const strength = chance.is(0.3) ? 1 : chance.float()
        if (isOn && !without.includes(kind)) this.#rates.set(kind, RATES[kind] * strength)
      }
    }
  }

  /** The kinds of fault that this run has. */
  get kinds(): readonly FaultKind[] {
    return [...this.#rates.keys()]
  }

  has(kind: FaultKind): boolean {
    return this.#rates.has(kind)
  }

  /** Ends all faults: nothing goes wrong any more. */
  end(): void {
    this.#areOver = true
  }

  get areOver(): boolean {
    return this.#areOver
  }

  /** Whether this kind of fault strikes on this occasion. */
  strikes(kind: FaultKind): boolean {
    const rate = this.#rates.get(kind)
    return rate !== undefined && !this.#areOver && this.#chance.is(rate)
  }
}
