import * as delivery from './limits/delivery.ts'
import * as isolate from './limits/isolate.ts'
import * as platform from './limits/platform.ts'
import * as postgres from './limits/postgres.ts'
import * as request from './limits/request.ts'
import * as shard from './limits/shard.ts'

/**
 * Every bound, with its unit and its reason. Nothing else in the code holds a bare number that limits something. What the
 * code relies on between bounds is checked here, when the program starts.
 */
export * from './limits/delivery.ts'
export * from './limits/isolate.ts'
export * from './limits/postgres.ts'
export * from './limits/request.ts'
export * from './limits/shard.ts'

function check(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`src/limits: it is not so that ${relation}`)
}

check(
  postgres.MARK_AFTER_HOURS + 24 <= (1 + postgres.MAKE_AFTER_DAYS) * 24 - 23,
  "a day's last hour marks for a day before the day is made",
)
check(
  isolate.FLIGHT_BYTES_MAX * 1.5 < platform.ROW_BYTES,
  "a flight fits in a Durable Object's row, with room for what an estimate misses",
)
check(
  // Encoded, an item with an id takes its key twice, and at most 200 bytes more.
  2 * request.REQUEST_BYTES_MAX + request.REQUEST_ITEMS_MAX * 200 < isolate.WAITING_BYTES_PER_SHARD_MAX,
  'any one request fits in what may wait for one shard',
)
check(
  2 * isolate.WAITING_BYTES_PER_SHARD_MAX <= isolate.WAITING_BYTES_MAX,
  'a shard that is stuck leaves room for another',
)
check(
  Math.max(
    shard.HELD_CELLS_MAX * shard.HEAP_BYTES_PER_HELD_CELL,
    shard.HELD_BYTES_MAX * shard.HEAP_BYTES_PER_HELD_BYTE,
  ) +
    isolate.WAITING_BYTES_MAX +
    delivery.LARGE_BODIES_MAX * delivery.DELIVERY_CELL_BYTES_MAX <
    platform.ISOLATE_BYTES,
  'an isolate has memory for all that its shards hold, all that waits in it and the large bodies that it reads [I5]',
)
check(
  delivery.DELIVERY_CELL_BYTES_MAX < isolate.WAITING_BYTES_PER_SHARD_MAX &&
    delivery.DELIVERY_CELLS_MAX * 2 < shard.HELD_CELLS_MAX,
  'any one delivery fits in what may wait for a shard, and in what its isolate holds',
)
check(
  shard.FLUSH_CELLS * 10 < shard.HELD_CELLS_MAX && shard.FLUSH_BYTES * 5 < shard.HELD_BYTES_MAX,
  'an outgrown shard flushes long before it is full',
)
check(
  isolate.LEAD_LEASE_MS > isolate.WAIT_MS_MAX + isolate.ATTEMPT_MS_MAX,
  'a lead is not taken over while its flight may still be tried again',
)
check(shard.RETIRE_GRACE_MS > shard.CLOSE_GRACE_MS, 'a shard retires after it has closed [Z1]')
check(
  shard.ALARM_OVERDUE_MS > shard.ALARM_DELAY_MS,
  'an alarm is taken for lost only after the platform could be late',
)
check(
  (request.FRESH_TRIES_MAX + 1) * (request.FRESH_SHARDS_MAX + 1) < platform.CALLS_PAID,
  'all tries of a fresh read are calls that a paid plan allows',
)
check(
  3 * request.SHARED_CALL_MS_MAX < postgres.READ_MS_MAX,
  'a read still has time for its own call and Postgres after one before it was lost',
)
check(
  request.SHARDS_MAX <= request.REQUEST_SHARDS_MAX && request.REQUEST_SHARDS_MAX < platform.CALLS_PAID,
  'increments of one hour never go to too many shards, and each shard is a call that a paid plan allows',
)
check(
  // The current hour, the one before and, near its turn, the next.
  Math.max(request.KEYS_MAX * 3, request.FRESH_HOURS_MAX + 2) <= request.FRESH_SHARDS_MAX,
  'a fresh read is never too large by default [R1]',
)
check(
  postgres.READ_STATEMENT_MS_MAX < postgres.READ_MS_MAX,
  'a read that is late because of Postgres says so',
)
check(
  24 * (request.LIST_ITEMS_MAX + 1) <= request.LIST_BY_HOUR_ROWS_MAX,
  'a page of the last day is read hour by hour, however many items it has',
)
check(
  // It also asks the ledger twice.
  postgres.SWEEP_SHARDS_MAX + 2 + postgres.RETENTION_STEPS_MAX <= platform.CALLS_FREE,
  'a sweep is within the calls of a free plan',
)
check(
  postgres.SWEEP_HOURS +
    postgres.PRUNE_STEPS_MAX +
    postgres.RETENTION_STEPS_MAX +
    postgres.STRAGGLERS_MAX +
    2 <=
    platform.CALLS_FREE,
  'a daily sweep of one shard an hour visits some stragglers within the calls of a free plan',
)
check(
  isolate.WAKE_SHARDS_MAX < platform.CALLS_FREE,
  'an isolate wakes shards within the calls of a free plan',
)
check(
  postgres.YOUNG_HOURS + 24 <= postgres.MAKE_AFTER_DAYS * 24,
  'hours that are read without a look for days have none, by clocks a day apart',
)
