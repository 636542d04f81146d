import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expose } from '../../../src/edge/operate/exposition.ts'
import { metricFamilies, type Scrape } from '../../../src/edge/operate/metric-families.ts'
import { scrape } from '../../../src/edge/operate/metrics.ts'
import { recentHours } from '../../../src/edge/operate/status.ts'
import { formatHour, HOUR_MS, hourOf } from '../../../src/model/hour.ts'
import type { ShardStatus } from '../../../src/model/status.ts'
import { NO_TALLY } from '../../../src/model/status.ts'
import { SOME_ADDRESS } from '../../support/address.ts'
import { seeded } from '../../support/chance.ts'
import { eitherOf, goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'
import { familiesOf, seriesOf } from '../../support/scraped.ts'
import { EMPTY_STATUS } from './empty-status.ts'

const START = Date.UTC(2026, 10, 21, 19, 30)
const MINUTE = 60_000
const ACCEPTED = 'sumdial_accepted_increments_total'

async function neverAsked(): Promise<never> {
  throw new Error('Postgres was asked')
}

type Says = (shard: string) => Partial<ShardStatus> | 'nothing'

async function scraped(says: Says, { search = '', nowMs = START, shards = '1' } = {}): Promise<string> {
  const seen = await scrape(search, {
    config: { shards: scheduleOf(shards), database: SOME_ADDRESS },
    nowMs,
    log: () => undefined,
    database: {
      ledgerOf: async (names) => new Map(names.map((name) => [name, { increments: 2, open: [] }])),
      daysStanding: async () => ({ through: '2026-11-17', next: null, stale: 3, beginsMs: null }),
    },
    shards: {
      status: async (shard) => {
        const said = says(shard)
        if (said === 'nothing') throw new Error('no answer')
        return { ...EMPTY_STATUS, shard, ...said }
      },
    },
  })
  return expose(metricFamilies(goodOf(seen)))
}

describe('the counters', () => {
  const BEGIN = Date.UTC(2026, 10, 21, 19)
  const LAST_MINUTE = 50 * 60

  /** Adds up as Prometheus does: the rises of a series, and after a fall, which it takes for a restart, the whole value. */
  class Increase {
    total = 0
    readonly #last = new Map<string, number>()

    add(text: string): void {
      for (const [series, value] of seriesOf(text)) {
        if (!series.startsWith(ACCEPTED)) continue
        const last = this.#last.get(series)
        if (last !== undefined) this.total += value < last ? value : value - last
        this.#last.set(series, value)
      }
    }

    get series(): readonly string[] {
      return [...this.#last.keys()]
    }
  }

  test('add up in Prometheus to what was accepted, over days, and whoever does not answer now and then', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
        const random = seeded(seed)
        const chance = (below: number) => Math.floor(random() * below)
        const accepted = new Map<string, number>()
        const increase = new Increase()
        let counted = 0
        for (let minute = 0; minute <= LAST_MINUTE; minute += 5) {
          const nowMs = BEGIN + minute * MINUTE
          // Late ones too, but not just before the hour is asked about no more.
          for (const [back, until] of [
            [0, 60],
            [1, 50],
          ] as const) {
            if ((nowMs / MINUTE) % 60 >= until || minute === 0) continue
            const shard = `${formatHour(hourOf(nowMs - back * HOUR_MS))}/${chance(2)}`
            const increments = chance(100)
            accepted.set(shard, (accepted.get(shard) ?? 0) + increments)
            counted += increments
          }
          const isUnsteady = (nowMs / MINUTE) % 60 >= 10 && (nowMs / MINUTE) % 60 <= 45
          increase.add(
            await scraped(
              (shard) => (isUnsteady && chance(8) === 0 ? 'nothing' : { accepted: accepted.get(shard) ?? 0 }),
              { nowMs, shards: '2' },
            ),
          )
        }
        expect(increase.total).toBe(counted)
        expect(increase.series.length).toBe(24)
      }),
      { numRuns: 5 },
    )
  })

  test('of an hour are not there when one of its shards did not answer, nor when one does not know them', async () => {
    const hours = { '19': '2026-11-21T19Z', '18': '2026-11-21T18Z' }
    const unanswered = await scraped((shard) => (shard === `${hours['19']}/1` ? 'nothing' : {}), {
      shards: '2',
    })
    expect(unanswered).not.toContain('hour="19"')
    expect(unanswered).toContain(`${ACCEPTED}{hour="18"}`)
    expect(seriesOf(unanswered).get('sumdial_unanswered_shards')).toBe(1)
    // As an older version answers during a deploy.
    const { tally: _, heldRatio: __, ...older } = EMPTY_STATUS
    const seen: Scrape = {
      asked: 1,
      answered: [older],
      whole: [{ hour: hourOf(START), shards: [older] }],
      notices: [],
      disagreeing: null,
      days: null,
    }
    const deploying = seriesOf(expose(metricFamilies(seen)))
    expect(deploying.get(`${ACCEPTED}{hour="19"}`)).toBe(0)
    expect([...deploying.keys()].filter((series) => /flush|moves/.test(series))).toEqual([])
    expect([...deploying.values()].filter(Number.isNaN)).toEqual([])
  })

  test('are left to the scrape of the recent hours: more hours of the day would be two days', async () => {
    const text = await scraped(() => ({ accepted: 7, parked: { cells: 1, increments: 2 } }), {
      search: '?hours=72',
    })
    expect(text).not.toContain('hour=')
    expect(seriesOf(text).get('sumdial_parked_cells')).toBe(73)
    expect(seriesOf(text).get('sumdial_asked_shards')).toBe(73)
  })
})

describe('a scrape', () => {
  test('says the worst of what the shards are, and the sum of what they hold', async () => {
    const text = await scraped(
      (shard) =>
        shard.endsWith('/1')
          ? {
              lagMs: 1_500,
              heldRatio: 0.25,
              isConserved: false,
              settled: 2,
              ids: 3,
              fault: { kind: 'ambiguous', reason: 'x', failures: 2 },
              tally: { ...NO_TALLY, applied: 2, ambiguous: 1, sentMs: 1_250, moves: 1 },
            }
          : { lagMs: 20, ids: 4, settled: 2 },
      { shards: '2', search: '?ledger=1' },
    )
    expect(Object.fromEntries(seriesOf(text))).toMatchObject({
      sumdial_lag_seconds: 1.5,
      sumdial_held_ratio: 0.25,
      sumdial_conserved: 0,
      sumdial_ids: 14,
      'sumdial_failing_shards{outcome="ambiguous"}': 2,
      'sumdial_failing_shards{outcome="refused"}': 0,
      'sumdial_flush_batches_total{hour="19",outcome="applied"}': 2,
      'sumdial_flush_batches_total{hour="19",outcome="ambiguous"}': 1,
      'sumdial_flush_seconds_total{hour="19"}': 1.25,
      'sumdial_writer_moves_total{hour="19"}': 1,
      sumdial_ledger_agrees: 1,
      'sumdial_ledger_disagreeing_shards{reason="ledger_behind"}': 0,
      sumdial_asked_shards: 4,
      sumdial_unanswered_shards: 0,
    })
  })

  test('with days=1 says through when days are made, and without it nothing about them', async () => {
    const series = seriesOf(await scraped(() => ({}), { search: '?days=1' }))
    expect(series.get('sumdial_days_through_timestamp_seconds')).toBe(Date.UTC(2026, 10, 17) / 1000)
    expect(series.get('sumdial_stale_days')).toBe(3)
    expect(seriesOf(await scraped(() => ({}))).has('sumdial_stale_days')).toBe(false)
  })

  test('with the ledger says how many shards do not agree with it, by the reason', async () => {
    const text = await scraped((shard) => ({ settled: shard.endsWith('/1') ? 2 : 3, accepted: 3 }), {
      shards: '2',
      search: '?ledger=1',
    })
    expect(Object.fromEntries(seriesOf(text))).toMatchObject({
      sumdial_ledger_agrees: 0,
      'sumdial_ledger_disagreeing_shards{reason="ledger_behind"}': 2,
      'sumdial_ledger_disagreeing_shards{reason="other_writers"}': 0,
    })
  })

  test('of shards of which none answers says that, and nothing of what they hold', async () => {
    expect(Object.fromEntries(seriesOf(await scraped(() => 'nothing')))).toEqual({
      sumdial_asked_shards: 2,
      sumdial_unanswered_shards: 2,
      'sumdial_notices{kind="database"}': 0,
      ...Object.fromEntries(
        ['behind', 'ambiguous', 'cell_refused', 'refused', 'rewound'].map((outcome) => [
          `sumdial_failing_shards{outcome="${outcome}"}`,
          0,
        ]),
      ),
    })
  })

  test('has no label but the hour of the day, the outcome, the reason and the kind of a notice, whatever the shards say', async () => {
    const text = await scraped(() => ({
      parkedKeys: [{ key: 'secret/key', reason: 'secret words', sinceMs: 0 }],
      fault: { kind: 'secret kind', reason: 'secret words', failures: 1 },
      moved: { atMs: 0, reason: 'secret words' },
    }))
    expect(text).not.toContain('secret')
    for (const { name, metrics } of familiesOf(text)) {
      for (const { labels = {} } of metrics) {
        expect(['hour', 'kind', 'outcome', 'reason'], name).toEqual(
          expect.arrayContaining(Object.keys(labels)),
        )
      }
    }
  })

  test('refuses what it does not know, and more shards than one scrape asks', async () => {
    const services = {
      config: { shards: scheduleOf('4'), database: SOME_ADDRESS },
      nowMs: START,
      log: () => undefined,
      database: { ledgerOf: async () => new Map(), daysStanding: neverAsked },
      shards: { status: async () => EMPTY_STATUS },
    }
    for (const search of ['?hour=2026-11-21T20Z', '?hours=0', '?hours=73', '?hours=72']) {
      expect(eitherOf(await scrape(search, services))).toMatchObject({ kind: 'invalid_parameter' })
    }
  })
})

describe('the text format', () => {
  test('is read back as it was meant, whatever is in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '{', '}', ',', '=', ' ', 'é') }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (label, value) => {
          const text = expose([
            { name: 'x', type: 'gauge', help: 'h\n\\', samples: [{ labels: { l: label }, value }] },
          ])
          const [family] = familiesOf(text)
          expect(family?.metrics).toHaveLength(1)
          expect(family?.metrics[0]?.labels).toEqual({ l: label })
          expect(Number(family?.metrics[0]?.value)).toBe(value === 0 ? Number(String(value)) : value)
        },
      ),
    )
  })

  test('announces every metric once, with its type: what rises alone ends in _total', async () => {
    const text = await scraped(() => ({}), { search: '?ledger=1' })
    const types = Array.from(text.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name = '', type]) => [name, type])
    expect(new Set(types.map(([name]) => name)).size).toBe(types.length)
    for (const [name = '', type] of types) {
      expect(name).toMatch(/^sumdial_[a-z_]+$/)
      expect(type).toBe(name.endsWith('_total') ? 'counter' : 'gauge')
    }
    expect(text.endsWith('\n')).toBe(true)
  })
})

describe('the recent hours', () => {
  test('are this one, the one before and, close to the turn, the next; of many shards this one first', () => {
    const at = (minute: number, shards: string) =>
      recentHours({ nowMs: Date.UTC(2026, 10, 21, 20, minute), config: { shards: scheduleOf(shards) } }).map(
        (hour) => hour % 24,
      )
    expect(at(30, '1')).toEqual([19, 20])
    expect(at(57, '1')).toEqual([19, 20, 21])
    expect(at(57, '100')).toEqual([19, 20])
    expect(at(57, '256')).toEqual([20])
  })
})
