import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KeyedCell } from '../../../src/model/cell.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { labelsText } from '../../../src/model/slices/slice.ts'
import { createRetention } from '../../../src/postgres/retention.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { cells } from '../../support/arbitraries.ts'
import { casesOf } from '../../support/thorough.ts'
import { batchOf, DAYS, dayOf, hourIn } from './deeds.ts'
import { rollupsOneByOne } from './one-by-one.ts'
import { DATABASES, type Database, KINDS } from './tables.ts'
import { keepTruth, wrongReads } from './truth.ts'

type Deed =
  | { readonly kind: 'batch'; readonly batch: Batch }
  /** One that was sent before comes again. */
  | { readonly kind: 'copy'; readonly of: number }
  | { readonly kind: 'make' | 'keep from'; readonly day: number }
  | { readonly kind: 'make again' }

const day = fc.nat(DAYS - 1)
const keys = fc
  .tuple(
    fc.constantFrom('a', 'a/b', 'ü'),
    fc.constantFrom(undefined, { plan: 'pro' }, { plan: 'free', 'a-b': '1' }),
  )
  .map(([key, labels]) => key + labelsText(labels))
const someCells = fc
  .array(fc.tuple(keys, cells), { minLength: 1, maxLength: 4 })
  .map((all): KeyedCell[] => [...new Map(all)])
const batches = fc
  .tuple(day, fc.constantFrom(0, 11, 23), someCells)
  .map(([on, hour, of]): Deed => ({ kind: 'batch', batch: batchOf(hourIn(on, hour), of) }))

const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: batches },
    { weight: 2, arbitrary: fc.nat(9).map((of): Deed => ({ kind: 'copy', of })) },
    { weight: 5, arbitrary: day.map((on): Deed => ({ kind: 'make', day: on })) },
    { weight: 2, arbitrary: day.map((on): Deed => ({ kind: 'keep from', day: on })) },
    { weight: 1, arbitrary: fc.constant<Deed>({ kind: 'make again' }) },
  ),
  { minLength: 10, maxLength: 30 },
)

describe.each(KINDS)('on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await (DATABASES[kind] ?? expect.fail())(Date.now())
    await keepTruth(database.query)
  })
  afterAll(() => database?.stop())

  test('[D1] whatever comes in whatever order, days say what was counted', () =>
    fc.assert(
      fc.asyncProperty(deeds, async (all) => {
        const { postgres, query } = database
        await query(
          'truncate sumdial.counters, sumdial.slices, sumdial.days, sumdial.slice_days, sumdial.rollups, sumdial.ledger, truth',
        )
        const sink = createSink(postgres)
        // Most days have several pieces, between which others come.
        const rollups = rollupsOneByOne(postgres, 1)
        const sent: Batch[] = []
        for (const deed of all) {
          if (deed.kind === 'batch') sent.push(deed.batch)
          const batch = deed.kind === 'batch' ? deed.batch : deed.kind === 'copy' ? sent[deed.of] : undefined
          if (batch !== undefined) expect(await sink.apply(batch)).toEqual({ kind: 'applied' })
          if (deed.kind === 'make') await rollups.makeDay(dayOf(deed.day))
          if (deed.kind === 'keep from') await createRetention(postgres)(hourIn(deed.day))
          if (deed.kind === 'make again') await rollups.makeAllAgain()
          expect(await wrongReads(query)).toEqual([])
        }
      }),
      { numRuns: casesOf(15) },
    ))
})
