import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ShardStatus } from '../../../src/model/status.ts'
import type { Served } from '../../support/served.ts'
import { type Heap, inspectHeap, rssBytes } from '../process.ts'
import { askShard } from '../stand.ts'

/** The shard and its process at one moment. */
export type Sample = {
  /** Since the first sample. */
  readonly atMs: number
  readonly phase: string
  readonly status: ShardStatus
  /** Of the workerd process. Null where the system has no /proc. */
  readonly rssBytes: number | null
  /** V8's, garbage included. Null of a workerd that was started without INSPECTED. */
  readonly heapBytes: number | null
  /** Of the files of its Durable Objects, the write-ahead log included. */
  readonly diskBytes: number
}

/** Looks at one workerd again and again. */
export class Watch {
  readonly samples: Sample[] = []
  readonly #hour: string
  readonly #objects: string
  readonly #startedMs = performance.now()
  readonly #heaps = new Map<Served, Heap>()

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
      heapBytes: await this.#heapBytes(served),
      diskBytes: sizeOf(this.#objects),
    }
    this.samples.push(sample)
    return sample
  }

  async #heapBytes(served: Served): Promise<number | null> {
    if (served.inspectorPort === undefined) return null
    const heap = this.#heaps.get(served) ?? (await inspectHeap(served))
    this.#heaps.set(served, heap)
    return heap.usedBytes()
  }

  /**
   * Looks every `everyMs` until a sample is the one that is waited for.
   *
   * @throws with the last sample, when none is by then.
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
