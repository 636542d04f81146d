import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ShardStatus } from '../../../src/model/status.ts'
import type { Served } from '../../support/served.ts'
import type { Status } from '../../support/status.ts'
import { rssBytes } from '../memory.ts'

/** What the shard and its process hold at one time. */
export type Sample = {
  /** Since the first. */
  readonly atMs: number
  readonly phase: string
  readonly status: ShardStatus
  /** Of the workerd process; null where the system has no /proc. */
  readonly rssBytes: number | null
  /** Of the files of its Durable Objects, the write-ahead log included. */
  readonly diskBytes: number
}

/** @throws when the shard does not answer. */
export async function askShard(url: string, hour: string): Promise<ShardStatus> {
  const response = await fetch(`${url}/status?hour=${hour}`)
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`)
  const [shard] = ((await response.json()) as Status).shards
  if (shard === undefined || 'error' in shard) throw new Error(`no status: ${JSON.stringify(shard)}`)
  return shard
}

/** Looks at one workerd again and again. */
export class Watch {
  readonly samples: Sample[] = []
  readonly #hour: string
  readonly #objects: string
  readonly #startedMs = performance.now()

  constructor(hour: string, objects: string) {
    this.#hour = hour
    this.#objects = objects
  }

  async look(served: Served, phase: string): Promise<Sample> {
    const status = await askShard(served.url, this.#hour)
    const sample = {
      atMs: Math.round(performance.now() - this.#startedMs),
      phase,
      status,
      rssBytes: rssBytes(served.pid),
      diskBytes: sizeOf(this.#objects),
    }
    this.samples.push(sample)
    return sample
  }

  /**
   * Looks every `everyMs` until a sample is what is waited for.
   *
   * @throws with the last sample, when it is not by then.
   */
  async until(
    served: Served,
    phase: string,
    is: (sample: Sample) => boolean,
    { everyMs, withinMs }: { everyMs: number; withinMs: number },
  ): Promise<Sample> {
    const deadlineMs = performance.now() + withinMs
    for (;;) {
      const sample = await this.look(served, phase)
      if (is(sample)) return sample
      if (performance.now() > deadlineMs) throw new Error(`${phase}: no end: ${JSON.stringify(sample)}`)
      await sleep(everyMs)
    }
  }
}

function sizeOf(dir: string): number {
  const entries = readdirSync(dir, { withFileTypes: true, recursive: true })
  return entries.reduce((sum, entry) => {
    if (!entry.isFile()) return sum
    return sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)
}
