import { describe, expect, test } from 'vitest'
import { sweeper } from '../../../src/edge/background/sweep.ts'
import { STRAGGLER_PAGES_MAX, STRAGGLERS_MAX } from '../../../src/limits.ts'
import { HOUR_MS } from '../../../src/model/hour.ts'
import { NO_ROLLUPS } from '../../support/no-rollups.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NIGHT = Date.UTC(2026, 10, 21, 3, 7)

/** A ledger's unsealed writers by shard; the shards that live, with their writers; and an isolate's sweeps over them. */
function world(unsealed: ReadonlyMap<string, readonly string[]>, living: ReadonlyMap<string, string>) {
  const left = new Map(unsealed)
  const woken: string[] = []
  const silent = new Set<string>()
  const older = new Set<string>()
  const recent = /^2026-11-2/
  const sweep = sweeper({
    log: () => {},
    config: {
      shards: scheduleOf('1'),
      lateHours: scheduleOf('72'),
      retentionDays: undefined,
      flushIntervalMs: 300_000,
    },
    shards: {
      wake: async (shard) => {
        if (!recent.test(shard)) woken.push(shard)
        if (silent.has(shard)) throw new Error('no answer')
        if (older.has(shard)) return undefined
        return { writer: living.get(shard) ?? `new writer of ${shard}` }
      },
    },
    database: {
      prune: async () => 0,
      withRollups: (work) => work(NO_ROLLUPS),
      deleteBefore: async () => ({ deleted: 0, hasMore: false }),
      stragglers: async (_, after) =>
        Array.from(left, ([shard, writers]) => ({ shard, writers }))
          .filter(({ shard }) => after === null || shard > after)
          .sort((a, b) => (a.shard < b.shard ? -1 : 1))
          .slice(0, STRAGGLERS_MAX),
      sealAll: async (writers) => {
        for (const [shard, own] of left) {
          const rest = own.filter((writer) => !writers.includes(writer))
          if (rest.length === 0) left.delete(shard)
          else left.set(shard, rest)
        }
        return writers.length
      },
    },
  })
  return { sweep, left, woken, silent, older }
}

const name = (i: number) => `2026-10-01T00Z/${String(i).padStart(5, '0')}`

function shards<T>(count: number, of: (shard: string) => T): Map<string, T> {
  return new Map(Array.from({ length: count }, (_, i) => [name(i), of(name(i))] as const))
}

describe('[Z1] the daily sweep', () => {
  test('seals the writers of 150 shards that are gone, as after a restore, in one run', async () => {
    const gone = shards(150, (shard) => [`old writer of ${shard}`])
    const { sweep, left, woken } = world(gone, new Map())
    expect(await sweep(NIGHT)).toMatchObject({ sealed: 150, failed: 0, hasMore: false })
    expect([...left]).toEqual([])
    expect(woken).toHaveLength(150)
  })

  test('seals no writer that its shard still has, and those that it had before', async () => {
    const { sweep, left } = world(
      new Map([[name(0), ['before', 'current']]]),
      new Map([[name(0), 'current']]),
    )
    expect(await sweep(NIGHT)).toMatchObject({ sealed: 1 })
    expect([...left]).toEqual([[name(0), ['current']]])
  })

  test('seals nothing of a shard that does not answer, and goes on behind it', async () => {
    const { sweep, left, silent } = world(
      shards(40, (shard) => [`old writer of ${shard}`]),
      new Map(),
    )
    silent.add(name(0))
    expect(await sweep(NIGHT)).toMatchObject({ failed: 1 })
    expect([...left.keys()]).toEqual([name(0)])
  })

  test('is not held by more shards that live than one run visits: the next hour goes on behind them', async () => {
    const most = STRAGGLERS_MAX * STRAGGLER_PAGES_MAX
    const living = shards(most, (shard) => `writer of ${shard}`)
    const unsealed = new Map([
      ...shards(most + 20, (shard) => [`old writer of ${shard}`]),
      ...shards(most, (shard) => [`writer of ${shard}`]),
    ])
    const { sweep, left, woken } = world(unsealed, living)
    expect(await sweep(NIGHT)).toMatchObject({ sealed: 0, hasMore: true })
    expect(woken).toHaveLength(most)
    expect(await sweep(NIGHT + HOUR_MS)).toMatchObject({ sealed: 20, hasMore: false })
    expect(left.size).toBe(most)
    woken.length = 0
    await sweep(NIGHT + 2 * HOUR_MS)
    expect(woken).toEqual([])
  })

  test('that fails half way goes on in the next hour where it was', async () => {
    const unsealed = shards(STRAGGLERS_MAX + 5, (shard) => [`writer of ${shard}`])
    const living = shards(STRAGGLERS_MAX, (shard) => `writer of ${shard}`)
    const { sweep, left } = world(unsealed, living)
    // As on a plan that allows few calls: the second page's seal is one too many.
    const get = left.delete
    left.delete = () => {
      throw new Error('too many calls')
    }
    await expect(sweep(NIGHT)).rejects.toThrow('too many calls')
    left.delete = get
    expect(await sweep(NIGHT + HOUR_MS)).toMatchObject({ sealed: 5, hasMore: false })
  })
})

test('[Z1] of a shard of an older deployed version, which does not say its writer, nothing is sealed', async () => {
  const { sweep, left, older } = world(new Map([[name(0), ['old']]]), new Map())
  older.add(name(0))
  expect(await sweep(NIGHT)).toMatchObject({ failed: 0, sealed: 0 })
  expect(left.size).toBe(1)
})
