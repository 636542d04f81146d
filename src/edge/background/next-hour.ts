import type { Config } from '../../config.ts'
import { WAKE_AHEAD_MS, WAKE_SHARDS_MAX } from '../../limits.ts'
import { addHours, hourEndMs, hourOf } from '../../model/hour.ts'
import { shardNamesOf } from '../../model/shard-name.ts'
import type { Shards } from '../ports.ts'

/** Wakes the next hour's shards once, shortly before the hour turns: the first use of a shard's name is slow. */
export function nextHourWaker(config: Pick<Config, 'shards'>, shards: Pick<Shards, 'wake'>) {
  let wokenHour = 0
  return (nowMs: number, keepAlive: (turn: Promise<unknown>) => void) => {
    const hour = hourOf(nowMs)
    if (hour < wokenHour || hourEndMs(hour) - nowMs > WAKE_AHEAD_MS) return
    const next = addHours(hour, 1)
    wokenHour = next
    // A shard that does not wake now will wake with its first flight.
    const names = shardNamesOf(next, config.shards).slice(0, WAKE_SHARDS_MAX)
    keepAlive(Promise.allSettled(names.map((name) => shards.wake(name))))
  }
}
