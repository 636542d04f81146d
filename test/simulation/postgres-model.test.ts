import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cell } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { Batch } from '../../src/model/flush/batch.ts'
import { addHours, DAY_MS, type Hour, hourOf } from '../../src/model/hour.ts'
import type { Made } from '../../src/model/rollups/rollups.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { narrow } from '../../src/model/sum.ts'
import { createRetention } from '../../src/postgres/retention.ts'
import { rollupsOneByOne } from '../postgres/rollups/one-by-one.ts'
import { type Stand, startStand } from '../postgres/stand.ts'
import { Chance } from './chance.ts'
import { PIECE_ROWS } from './days/day-statements.ts'
import { PostgresModel } from './postgres-model.ts'
import { type Day, dayOf } from './tables.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const REFUSED_KEY = 'k/3'
const RAISED_KEY = 'k/0'
const STEPS = 60

let stand: Stand

beforeAll(async () => {
  stand = await startStand(4)
  await stand.pool.query(
    `alter table sumdial.counters add constraint refused check (key <> '${REFUSED_KEY}')`,
  )
  // After the rows, because the model refuses for the constraint's sake first.
  await stand.pool.query(`create function sumdial.raise() returns trigger language plpgsql
    as $$ begin raise exception 'no'; end $$`)
  await stand.pool.query(`create trigger raised after insert or update on sumdial.counters
    for each row when (new.key = '${RAISED_KEY}') execute function sumdial.raise()`)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

function cellsOf(chance: Chance): Cells {
  const slice = () =>
    `k/${chance.between(0, 3)}${chance.pick(['', labelsText({ plan: 'pro' }), labelsText({ plan: 'x' })])}`
  const keys = new Set(Array.from({ length: chance.between(1, 4) }, slice))
  const cells = new Cells()
  for (const key of keys) {
    const [min, max] = [chance.between(-9, 9), chance.between(10, 2 ** 50)]
    cells.push(key, narrow(3n * BigInt(max)), chance.between(2, 9), min, max)
  }
  return cells
}

/** Batches of few writers with low seqs, so that every relation to the ledger's row comes up. */
function batchOf(chance: Chance, writers: readonly string[]): Batch {
  const cells = cellsOf(chance)
  return {
    writer: chance.pick(writers),
    seq: chance.between(1, 4),
    id: chance.uuid(),
    shard: '2026-11-21T20Z/0',
    hour: addHours(HOUR, chance.pick([0, 1, 24])),
    cells,
    increments: cells.countIncrements(),
  }
}

async function tablesOfPostgres() {
  const { rows: counters } = await stand.pool.query(
    `select extract(epoch from hour)::bigint / 3600 || ' ' || key as place, sum::text, count::int, min::int8::text, max::int8::text
     from sumdial.counters order by 1`,
  )
  const { rows: slices } = await stand.pool.query(
    `select extract(epoch from hour)::bigint / 3600 || ' ' || key || E'\u001fplan=' || (labels->>'plan') as place,
       sum::text, count::int, min::int8::text, max::int8::text
     from sumdial.slices order by 1`,
  )
  const { rows: ledger } = await stand.pool.query(
    'select writer, shard, seq::int, batch, sealed, increments::int from sumdial.ledger order by writer',
  )
  const { rows: days } = await stand.pool.query(
    `select day - '1970-01-01'::date || ' ' || key as place, sum::text, count::int, min::int8::text, max::int8::text
     from sumdial.days order by 1`,
  )
  const { rows: sliceDays } = await stand.pool.query(
    `select day - '1970-01-01'::date || ' ' || key || E'\u001fplan=' || (labels->>'plan') as place,
       sum::text, count::int, min::int8::text, max::int8::text
     from sumdial.slice_days order by 1`,
  )
  const { rows: rollups } = await stand.pool.query(
    `select day - '1970-01-01'::date as day, state, changed::int, case state when 'partial' then made_below end as below
     from sumdial.rollups order by 1`,
  )
  return { counters, slices, ledger, days, sliceDays, rollups }
}

function tablesOfModel(model: PostgresModel) {
  const byText = <T>([a]: readonly [string, T], [b]: readonly [string, T]) => (a < b ? -1 : 1)
  const rowsOf = (cells: ReadonlyMap<string, Cell>) =>
    [...cells].sort(byText).map(([place, { sum, count, min, max }]) => ({
      place,
      sum: String(sum),
      count,
      min: String(min),
      max: String(max),
    }))
  const ledger = [...model.ledger].sort(byText).map(([writer, row]) => ({ writer, ...row }))
  const { days, sliceDays, rollups } = model.tables
  return {
    counters: rowsOf(model.counters),
    slices: rowsOf(model.slices),
    ledger,
    days: rowsOf(days),
    sliceDays: rowsOf(sliceDays),
    rollups: [...rollups]
      .sort(([a], [b]) => a - b)
      .map(([day, { state, changed, madeBelow: below = null }]) => ({ day, state, changed, below })),
  }
}

/** Makes a piece of a day, all at one instant. */
function makeIn(model: PostgresModel, day: Day): Made['kind'] {
  const making = model.make(day)
  if (!making.begin()) return 'not_needed'
  making.look()
  return making.write().kind
}

function deleteIn(model: PostgresModel, before: Hour): void {
  for (const day of model.daysToGo(before)) model.setGone(day)
  for (const table of ['slices', 'counters'] as const)
    model.deleteSome(table, before, Number.POSITIVE_INFINITY)
}

describe('the model of Postgres that the simulation stands on', () => {
  test.each([1, 2, 3, 4])(
    '[P1] [A2] [D1] answers and holds what a real one does, over random batches, copies, seals, roll-ups and retention (seed %i)',
    async (seed) => {
      const chance = new Chance(seed)
      const model = new PostgresModel(Date.now)
      const rollups = rollupsOneByOne(stand.postgres, PIECE_ROWS)
      const deleteBefore = createRetention(stand.postgres)
      model.refused.set(REFUSED_KEY, 'constraint')
      model.refused.set(RAISED_KEY, 'trigger')
      const writers = [chance.uuid(), chance.uuid(), chance.uuid()]
      const sent: Batch[] = []
      for (let step = 0; step < STEPS; step++) {
        if (chance.is(0.08)) {
          const writer = chance.pick(writers)
          expect(model.seal(writer, 's')).toEqual(await stand.sink.seal(writer, 's'))
          continue
        }
        if (chance.is(0.05)) {
          const writer = chance.pick(writers)
          expect(model.register(writer, 's')).toEqual(await stand.sink.register(writer, 's'))
          continue
        }
        if (chance.is(0.1)) {
          const day = dayOf(addHours(HOUR, chance.pick([0, 24])))
          const date = new Date(day * DAY_MS).toISOString().slice(0, 10)
          expect((await rollups.makeDay(date)).kind).toBe(makeIn(model, day))
          continue
        }
        if (chance.is(0.05)) {
          const before = addHours(HOUR, chance.pick([4, 30]))
          await deleteBefore(before)
          deleteIn(model, before)
          continue
        }
        const batch = sent.length > 0 && chance.is(0.3) ? chance.pick(sent) : batchOf(chance, writers)
        sent.push(batch)
        const [expected, got] = [await stand.sink.apply(batch), model.apply(batch, model.begin(batch))]
        expect(got.kind, JSON.stringify(expected)).toBe(expected.kind)
      }
      expect(tablesOfModel(model)).toEqual(await tablesOfPostgres())
    },
  )
})
