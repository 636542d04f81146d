import type { Plant, Suite } from '../plant.ts'

const MODEL = 'test/simulation/postgres-model.ts'
const STATEMENTS = 'test/simulation/days/day-statements.ts'
const TRANSACTIONS = 'test/simulation/days/transactions.ts'
const LINK = 'test/simulation/days/cron-link.ts'

const SIMULATION: Suite = {
  project: 'node',
  file: 'test/simulation/simulation.test.ts',
  titles: 'days that are good or gone, and hours elsewhere',
}

/**
 * Wrong orders of the statements that make and delete days, in the model of Postgres that the simulation stands on: these are
 * what the simulation must see. The real statements have plants of their own.
 */
export const SIMULATED_DAYS_PLANTS: readonly Plant[] = [
  {
    name: 'simulated-mark-first',
    mistake: 'a late batch marks its day in a transaction of its own, before it adds its cells [D1]',
    edits: [
      {
        file: MODEL,
        find: '    return this.#tables.ledger.get(batch.writer)\n',
        replace:
          '    if (isOld(batch.hour, this.#now())) mark(this.#tables, batch, this.#now())\n    return this.#tables.ledger.get(batch.writer)\n',
      },
      {
        file: MODEL,
        find: '    this.#add(batch)\n    if (isOld(batch.hour, this.#now())) mark(this.#tables, batch, this.#now())\n',
        replace: '    this.#add(batch)\n',
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'simulated-one-snapshot',
    mistake: 'a day is made from a snapshot that was taken before its row was held [D1]',
    edits: [
      {
        file: TRANSACTIONS,
        find: '    const making = postgres.make(day)\n',
        replace: '    const making = postgres.make(day)\n    making.begin()\n    making.look()\n',
      },
      { file: TRANSACTIONS, find: '          making.look()\n', replace: '' },
    ],
    suite: SIMULATION,
  },
  {
    name: 'simulated-delete-before-gone',
    mistake: 'retention deletes hours of days that are good, and then sets these days to gone [D1]',
    edits: [
      {
        file: STATEMENTS,
        find: "dayOf(time) < dayOf(before) && tables.rollups.get(dayOf(time))?.state === 'gone'",
        replace:
          "dayOf(time) < dayOf(before) && ['good', 'gone'].includes(tables.rollups.get(dayOf(time))?.state ?? '')",
      },
      { file: LINK, find: "    await this.#send('set gone', setGone(this.#world, before))\n", replace: '' },
      {
        file: LINK,
        find: '    return { deleted: slices.deleted + counters',
        replace:
          "    await this.#send('set gone', setGone(this.#world, before))\n    return { deleted: slices.deleted + counters",
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'simulated-made-from-leftovers',
    mistake: 'a day that has gone is made again, from the hours that retention has left [D1]',
    edits: [
      {
        file: STATEMENTS,
        find: "return row === undefined || row.state === 'stale' || row.state === 'partial'",
        replace: "return row?.state !== 'good'",
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'simulated-pieces-go-on',
    mistake: 'a day that was changed between two of its pieces is not begun anew [D1]',
    edits: [
      {
        file: STATEMENTS,
        find: '  tables.rollups.set(day, { state, changed:',
        replace: '  tables.rollups.set(day, { ...row, state, changed:',
      },
      {
        file: STATEMENTS,
        find: "(row?.state === 'partial' ? row.madeBelow : undefined) ?? ''",
        replace: "row?.madeBelow ?? ''",
      },
    ],
    suite: SIMULATION,
  },
  {
    name: 'simulated-gone-forgotten',
    mistake: 'a late batch of a day that has gone is added to hours alone [D1]',
    edits: [
      {
        file: STATEMENTS,
        find: "  if (state !== 'gone') return state\n",
        replace: '  if (state) return state\n',
      },
    ],
    suite: SIMULATION,
  },
]
