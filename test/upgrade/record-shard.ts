import { readArrival } from '../../src/shard/arrival.ts'
import { mergeFlights } from '../../src/shard/merge.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { nodeSql } from '../support/node-sql.ts'
import { exerciseShard, type Take, uuids } from './shard-deeds.ts'
import { dump } from './shard-dump.ts'

/**
 * `node test/upgrade/record-shard.ts > test/upgrade/shards/NAME.sql`, before a change to what a shard stores: from then
 * on, what the code before wrote is loaded by shard.test.ts.
 */
const take: Take = (store, flights, nowMs) => {
  const conditions = {
    nowMs,
    closesMs: Number.POSITIVE_INFINITY,
    isFull: () => false,
    hasRoomForLabels: () => true,
  }
  mergeFlights(
    store,
    flights.flatMap((flight) => readArrival(flight) ?? []),
    conditions,
  )
}

const sql = nodeSql()
exerciseShard(new ShardStore(sql, uuids()), take)
process.stdout.write(dump(sql))
