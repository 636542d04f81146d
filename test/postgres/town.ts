import { expect } from 'vitest'
import { partition } from '../../src/edge/ingest/partition.ts'
import type { CounterAnswer, SeriesAnswer } from '../../src/edge/read/answers.ts'
import { readKeys } from '../../src/edge/read/counters.ts'
import { parseCounterParameters } from '../../src/edge/read/query.ts'
import { readSeriesAnswer } from '../../src/edge/read/series.ts'
import { Accumulator } from '../../src/model/accumulator.ts'
import { must } from '../../src/model/assert.ts'
import type { GroupSubjects, ReadCommitted, ReadGroups, ReadSeries } from '../../src/model/read.ts'
import { parseShardName } from '../../src/model/shard-name.ts'
import type { SliceGrouping } from '../../src/model/slices/grouping.ts'
import { createGroupsReader } from '../../src/postgres/groups.ts'
import { createReader, createSeriesReader } from '../../src/postgres/reader.ts'
import { groupUnsettled } from '../../src/shard/answers/held-groups.ts'
import { sumUnsettled, unsettledOf } from '../../src/shard/answers/holdings.ts'
import { SHARD_LIMITS } from '../../src/shard/bounds.ts'
import { mergeFlights } from '../../src/shard/merge.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { columnsOf, type Increment } from '../support/increments.ts'
import { nodeSql } from '../support/node-sql.ts'
import { noFirstHour } from '../support/queries.ts'
import { goodOf } from '../support/result.ts'
import { scheduleOf } from '../support/schedule.ts'
import type { Stand } from './stand.ts'

/** When a town is read. */
export const NOW = Date.UTC(2026, 10, 21, 20, 15)

const SHARDS = scheduleOf('2')

/** Some shards over one Postgres, and every increment that they have taken. */
export class Town {
  readonly #stand: Stand
  readonly stores = new Map<string, ShardStore>()
  readonly all: Increment[] = []
  /** The last batch of each shard that Postgres has, and whose answer was lost. */
  readonly #inDoubt = new Map<ShardStore, number>()
  readonly #labelSets: number
  #n = 0

  constructor(stand: Stand, labelSets = 1_000) {
    this.#stand = stand
    this.#labelSets = labelSets
  }

  take(increments: readonly Increment[]): void {
    this.all.push(...increments)
    for (const { shard, unnamed } of partition(columnsOf(increments), SHARDS)) {
      const cells = new Accumulator()
      cells.addIncrements(unnamed)
      const conditions = {
        nowMs: NOW,
        closesMs: NOW + 1,
        isFull: () => false,
        hasRoomForLabels: () => true,
      }
      const arrival = arrivalOf('isolate', ++this.#n, cells.cells)
      expect(mergeFlights(this.#store(shard), [arrival], conditions)).toEqual([{ kind: 'accepted' }])
    }
  }

  #store(shard: string): ShardStore {
    const limits = { ...SHARD_LIMITS, batchCells: 4, labelSets: this.#labelSets }
    const store = this.stores.get(shard) ?? new ShardStore(nodeSql(), () => crypto.randomUUID(), limits)
    this.stores.set(shard, store)
    return store
  }

  /** Freezes what is open, and applies the first batches. The last of them is not settled, as if its answer was lost. */
  async flush(batches: number): Promise<void> {
    for (const [shard, store] of this.stores) {
      if (store.frozen.length === 0 && store.openCells > 0) store.freeze(NOW, () => undefined)
      const sent = store.frozen.slice(0, batches)
      for (const [i, { seq, id, cells, increments }] of sent.entries()) {
        const { hour } = must(parseShardName(shard), 'a shard')
        const { writer } = store
        expect(await this.#stand.sink.apply({ writer, seq, id, shard, hour, cells, increments })).toEqual({
          kind: 'applied',
        })
        if (i < sent.length - 1) store.settle(seq)
        else this.#inDoubt.set(store, seq)
      }
    }
  }

  /** The shards learn that those batches are in Postgres. */
  settle(): void {
    for (const [store, seq] of this.#inDoubt) if (store.frozen[0]?.seq === seq) store.settle(seq)
    this.#inDoubt.clear()
  }

  readonly services = {
    config: { shards: SHARDS },
    nowMs: NOW,
    database: {
      readCommitted: (query: Parameters<ReadCommitted>[0]) => createReader(this.#stand.postgres)(query),
      readGroups: (query: Parameters<ReadGroups>[0]) => createGroupsReader(this.#stand.postgres)(query),
      readSeries: (query: Parameters<ReadSeries>[0]) => createSeriesReader(this.#stand.postgres)(query),
      firstHour: noFirstHour,
    },
    shards: {
      unsettled: async (shard: string, keys: readonly string[]) =>
        keys.map((key) => unsettledOf(this.#store(shard).held, key)),
      unsettledGroups: async (shard: string, subjects: GroupSubjects, grouping: SliceGrouping) =>
        groupUnsettled(this.#store(shard).held, subjects, grouping),
      unsettledSum: async (shard: string, prefix: string, grant: string | null) =>
        sumUnsettled(this.#store(shard).held, prefix, grant),
    },
  }

  async read(search: string): Promise<CounterAnswer[]> {
    return goodOf(await readKeys(goodOf(parseCounterParameters(search, undefined)), this.services))
  }

  async series(search: string, grant: string | null = null): Promise<SeriesAnswer> {
    return goodOf(await readSeriesAnswer(search, grant, this.services))
  }
}
