import type { Config } from '../../config.ts'
import { WAKE_AHEAD_MS, WAKE_SHARDS_MAX } from '../../limits.ts'
import { addHours, hourEndMs, hourOf } from '../../model/hour.ts'
import { shardsOf } from '../../model/shard-name.ts'

/** Wakes the next hour's shards once, shortly before the turn, so that a name's slow first use delays nobody. */
export function nextHourWaker(config: Pick<Config, 'shards'>, wake: (shard: string) => Promise<void>) {
  let wokenHour = 0
  return (nowMs: number, keepAlive: (turn: Promise<unknown>) => void) => {
    const hour = hourOf(nowMs)
    if (hour < wokenHour || hourEndMs(hour) - nowMs > WAKE_AHEAD_MS) return
    const next = addHours(hour, 1)
    wokenHour = next
    // A shard that does not wake now wakes with its first flight.
    keepAlive(Promise.allSettled(shardsOf(next, config.shards).slice(0, WAKE_SHARDS_MAX).map(wake)))
  }
}
