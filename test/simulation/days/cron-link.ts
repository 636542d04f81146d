import type { SweepServices } from '../../../src/edge/background/sweep.ts'
import { STATEMENT_MS_MAX } from '../../../src/limits.ts'
import type { Deleted } from '../../../src/model/closing.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { DAY_MS } from '../../../src/model/hour.ts'
import type { Made, Rollups } from '../../../src/model/rollups/rollups.ts'
import { deleteInSteps } from '../../../src/postgres/retention.ts'
import type { World } from '../world.ts'
import { makeDay, setGone, type Transaction } from './transactions.ts'

/** A statement of the cron was not answered. */
export class CronRefused extends Error {}

/** Steps so small that hours of a day are deleted in several. */
const SMALL_STEPS = { rows: 4, most: 6 }

/** How long a dead connection's transaction holds its rows, and how late a statement is. */
const LATE_MS_MAX = 90_000

/** One run of the cron. It may die before any of its statements, or between those of a transaction. */
export class CronLink {
  readonly #world: World
  #isAlive = true

  constructor(world: World) {
    this.#world = world
  }

  readonly #rollups: Rollups = {
    daysToMake: (most) =>
      this.#send('list days', (commit) => {
        const days = this.#world.postgres.daysToMake()
        commit({ days: days.slice(0, most).map(dateOf), count: days.length, beginsInMs: 0 })
      }),
    makeDay: async (date): Promise<Made> => {
      const made = await this.#send(`make ${date}`, makeDay(this.#world, Date.parse(date) / DAY_MS))
      this.#world.tally(made.kind)
      return made
    },
    makeAllAgain: unused,
    beginNow: unused,
  }

  readonly database: SweepServices['database'] = {
    prune: async () => 0,
    stragglers: async () => [],
    sealAll: async () => 0,
    withRollups: (work) => work(this.#rollups),
    deleteBefore: (before) => this.#deleteBefore(before),
  }

  /** In the order of src/postgres/retention.ts. */
  async #deleteBefore(before: Hour): Promise<Deleted> {
    await this.#send('set gone', setGone(this.#world, before))
    const slices = await deleteInSteps(SMALL_STEPS, () => this.#deleteSome('slices', before))
    if (slices.hasMore) return slices
    const counters = await deleteInSteps(SMALL_STEPS, () => this.#deleteSome('counters', before))
    return { deleted: slices.deleted + counters.deleted, hasMore: counters.hasMore }
  }

  #deleteSome(table: 'slices' | 'counters', before: Hour) {
    return this.#send<{ readonly rowCount: number }>(`delete ${table}`, (commit) => {
      const rowCount = this.#world.postgres.deleteSome(table, before, SMALL_STEPS.rows)
      if (rowCount > 0) this.#world.tally('deleted')
      commit({ rowCount })
    })
  }

  /** Wakes a shard that there is: another would find nothing. */
  async wake(name: string): Promise<{ readonly writer: string } | undefined> {
    const host = this.#world.hosts.get(name)
    if (!host?.storage.hasTables) return undefined
    try {
      return await host.call('wake', ({ shard }) => shard.wake())
    } catch {
      return undefined
    }
  }

  /** Decides how a statement or transaction fares, and when and how the cron hears about it. */
  #send<T>(what: string, transaction: Transaction<T>): Promise<T> {
    const { days, scheduler, isPostgresAway } = this.#world
    const { chance, faults } = days
    if (!this.#isAlive) return new Promise(() => {})
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const later = (ms: number, run: () => void) => scheduler.after(ms, '', run)
    const refuse = (ms: number) =>
      later(ms, () => this.#isAlive && reject(new CronRefused(`no answer to ${what}`)))
    const execute = (ms: number, holdsMs?: number, answer: (outcome: T) => void = () => {}) =>
      later(ms, () => {
        scheduler.note(`Postgres runs ${what} of a cron`)
        transaction(answer, () => refuse(0), holdsMs)
      })
    if (faults.strikes('cronDies')) {
      this.#isAlive = false
      const isHolding = faults.strikes('cronHolds')
      scheduler.note(`a cron dies at ${what}`)
      this.#world.tally('cronDies')
      if (isHolding || chance.is(0.5))
        execute(chance.between(1, 40), isHolding ? chance.between(0, LATE_MS_MAX) : undefined)
    } else if (isPostgresAway || faults.strikes('cronFails')) refuse(chance.between(1, 50))
    else if (faults.strikes('cronLate')) {
      execute(chance.between(1, LATE_MS_MAX))
      refuse(STATEMENT_MS_MAX)
    } else if (faults.strikes('cronUnheard')) {
      execute(chance.between(1, 40))
      refuse(STATEMENT_MS_MAX)
    } else {
      execute(chance.between(1, 40), undefined, (outcome) =>
        later(chance.between(1, 40), () => this.#isAlive && resolve(outcome)),
      )
    }
    return promise
  }
}

async function unused(): Promise<never> {
  throw new Error('the cron does not do this')
}

function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
