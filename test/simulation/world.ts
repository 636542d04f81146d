import { hourOf, hourStartMs } from '../../src/model/hour.ts'
import { settle } from '../support/fake-clock.ts'
import { Answers } from './answers.ts'
import { Book } from './book.ts'
import { Chance } from './chance.ts'
import { Clients } from './clients.ts'
import { checkDay } from './days/check-days.ts'
import { DayLife } from './days/day-life.ts'
import type { FaultKind } from './faults.ts'
import { ALL_KINDS, Faults, REWIND_KINDS } from './faults.ts'
import { Isolate } from './isolate.ts'
import { PostgresModel } from './postgres-model.ts'
import type { Release } from './release.ts'
import { firstRelease } from './release.ts'
import { Scheduler, Violation } from './scheduler.ts'
import { ShardHost } from './shard-host.ts'
import { Watch } from './watch.ts'

const FIRST_HOUR = hourOf(Date.UTC(2026, 10, 21, 20))

/** All that decides a run. `steps` counts the deeds of clients and faults; far more follows from them. */
export type Scenario = {
  readonly seed: number
  readonly steps: number
  /** Kinds of fault that are left out. */
  readonly without: readonly FaultKind[]
}

/** Some isolates, the shards of some hours, and one Postgres, with their time and their chance. */
export class World {
  readonly chance: Chance
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly postgres = new PostgresModel(() => this.scheduler.nowMs)
  readonly days: DayLife
  readonly book: Book
  readonly clients = new Clients(this)
  readonly watch: Watch
  readonly answers = new Answers(this)
  /** The release that was deployed last; older ones live on for a while. */
  release: Release
  /** Whether no storage is ever put back, so that everything counts exactly once. */
  readonly isExact: boolean
  readonly isolates: Isolate[]
  readonly hosts = new Map<string, ShardHost>()
  isPostgresAway = false
  /** Whether no batch is answered in time. */
  isPostgresStuck = false
  /** Cells of keys that begin so take all of a statement's time, because a trigger sleeps. */
  readonly sleeping = new Set<string>()
  /** How many fresh reads were compared with the book. */
  reads = 0
  /** How often a shard heard from the ledger that its storage was put back. */
  rewindsNoticed = 0
  /** How often each thing came up that the runs must have in them. */
  readonly tallies: Record<string, number> = {}
  #failure: unknown

  constructor({ seed, without }: Scenario) {
    const chance = new Chance(seed)
    this.chance = chance
    this.isExact = seed % 10 !== 9
    // Others have none, so that what is without labels stays under trial as it was.
    this.book = new Book(seed % 3 !== 0)
    const rewinds = this.isExact ? 'none' : 'all'
    this.faults = new Faults(chance, without, [ALL_KINDS, 'some'], [REWIND_KINDS, rewinds])
    this.days = new DayLife(seed, without)
    // The world begins somewhere in an hour, often close to its end.
    const minute = chance.is(0.4) ? 59 : chance.between(0, 58)
    this.scheduler = new Scheduler(hourStartMs(FIRST_HOUR) + minute * 60_000 + chance.between(0, 59_999))
    this.release = firstRelease({ chance, faults: this.faults, nowMs: this.scheduler.nowMs })
    this.watch = new Watch(this)
    this.isolates = Array.from({ length: chance.between(1, 5) }, () => new Isolate(this))
  }

  /** The host of a shard's name; it is made when somebody first asks for it. */
  host(name: string): ShardHost {
    const host = this.hosts.get(name) ?? new ShardHost(this, name)
    this.hosts.set(name, host)
    return host
  }

  tally(what: string): void {
    this.tallies[what] = (this.tallies[what] ?? 0) + 1
  }

  /** Ends the run with this failure, unless it has failed already. */
  fail(error: unknown): void {
    this.#failure ??= error
  }

  /** Lets one thing happen, and then checks everything. */
  async step(): Promise<void> {
    await this.scheduler.step()
    await this.#lookAround()
  }

  async #lookAround(): Promise<void> {
    for (const host of this.hosts.values()) {
      host.lookAfter()
      await this.watch.check(host)
    }
    for (const day of this.postgres.takeTouched()) checkDay(this.postgres.tables, day)
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Lets so much time pass, and everything happen that is due in it. */
  async pass(ms: number, stepsMax = Number.POSITIVE_INFINITY): Promise<void> {
    const untilMs = this.scheduler.nowMs + ms
    // Work that was begun before goes as far as it can at the present time.
    await settle()
    await this.#lookAround()
    let isOver = false
    this.scheduler.after(ms, '', () => {
      isOver = true
    })
    for (let steps = 0; !isOver; steps++) {
      if (steps > stepsMax)
        throw new Violation(`[F4] more than ${stepsMax} steps before ${new Date(untilMs).toISOString()}`)
      await this.step()
    }
  }

  close(): void {
    for (const { storage } of this.hosts.values()) storage.close()
  }
}
