import type { Hour } from './hour.ts'
import { formatHour, parseHour } from './hour.ts'
import type { Schedule } from './schedule.ts'
import { valueAt } from './schedule.ts'

/** One shard: one hour and one slot. */
export type ShardName = { readonly hour: Hour; readonly slot: number }

/**
 * The hash that decides which shard holds a key, so it may never change for hours that are open. [K2] It is FNV-1a over
 * the UTF-16 code units, and then the finalizer of MurmurHash3, so that keys spread evenly over any number of shards.
 */
export function hashKey(key: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The slot of a key depends on the key, the hour and that hour's shard count, and on nothing else. [K2] */
export function slotOf(key: string, hour: Hour, shards: Schedule): number {
  const count = valueAt(shards, hour)
  return count === 1 ? 0 : slotOfHash(hashKey(key), count)
}

/** The slot of a key whose `hashKey` is known already. @param count of the hour's shards. */
export function slotOfHash(hash: number, count: number): number {
  return hash % count
}

/** `2026-11-21T20Z/3` */
export function formatShardName(name: ShardName): string {
  return `${formatHour(name.hour)}/${name.slot}`
}

/** The inverse of `formatShardName`; undefined for anything else. */
export function parseShardName(text: string): ShardName | undefined {
  const [hourText = '', slotText = '', ...rest] = text.split('/')
  const hour = parseHour(hourText)
  if (hour === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,8})$/.test(slotText)) return undefined
  return { hour, slot: Number(slotText) }
}

/** The names of all shards of an hour. */
export function shardNamesOf(hour: Hour, shards: Schedule): string[] {
  return Array.from({ length: valueAt(shards, hour) }, (_, slot) => formatShardName({ hour, slot }))
}
