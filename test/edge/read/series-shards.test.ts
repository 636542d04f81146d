import { expect, test } from 'vitest'
import { readSeriesAnswer } from '../../../src/edge/read/series.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)

test.each(['fresh', 'unsettled'])(
  '[R1] %s: a series adds up what all shards of an hour hold',
  async (consistency) => {
    const answer = await readSeriesAnswer(`?prefix=site/&bucket=hour&consistency=${consistency}`, null, {
      config: { shards: scheduleOf('4') },
      nowMs: NOW,
      shards: {
        unsettledGroups: () => Promise.reject(new Error('not asked')),
        unsettledSum: async (shard) => ({
          writer: `00000000-0000-4000-8000-00000000000${shard.at(-1)}`,
          settledSeq: 0,
          nextSeq: 1,
          open: shard.startsWith('2026-11-21T20Z') ? cellOf(10 ** Number(shard.at(-1))) : null,
          parked: null,
          frozen: [],
        }),
      },
      database: {
        readSeries: async () => ({ counters: new Map(), ledger: new Map(), unreadable: [], coarse: [] }),
        readGroups: () => Promise.reject(new Error('not asked')),
        firstHour: () => Promise.reject(new Error('not asked')),
      },
    })
    expect(goodOf(answer)).toMatchObject({ total: { sum: 1111n, count: 4 }, pending: 4 })
  },
)
