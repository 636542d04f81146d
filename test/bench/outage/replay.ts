import { median } from '../figures.ts'
import { INSPECTED, inspectHeap } from '../memory.ts'
import type { Stand } from '../stand.ts'
import { askShard } from './sample.ts'

/** What a start on some state takes. Medians of several, in ms from the start of the process. */
export type Replay = {
  /** The first answer of the shard, which has replayed all it holds by then. */
  readonly answeredMs: number
  /** The same of a shard that holds nothing: what it takes anyway. */
  readonly emptyMs: number
  /** V8's heap once all of it is in memory, whatever is garbage included; and the same of a shard that holds nothing. */
  readonly heapBytes: number
  readonly emptyHeapBytes: number
}

const STARTS = 3

/** Starts workerd on the state of one that was killed, again and again, and beside it on an empty one. */
export async function measureReplay(stand: Stand, objects: string, hour: string): Promise<Replay> {
  const full: number[] = []
  const empty: number[] = []
  for (let i = 0; i < STARTS; i++) {
    empty.push(await timeStart(stand, stand.makeObjects(), hour))
    full.push(await timeStart(stand, objects, hour))
  }
  return {
    answeredMs: Math.round(median(full)),
    emptyMs: Math.round(median(empty)),
    heapBytes: await heapAfterStart(stand, objects, hour),
    emptyHeapBytes: await heapAfterStart(stand, stand.makeObjects(), hour),
  }
}

async function timeStart(stand: Stand, objects: string, hour: string): Promise<number> {
  const startedMs = performance.now()
  const served = await stand.start(objects)
  await askShard(served.url, hour)
  const tookMs = performance.now() - startedMs
  await served.stop()
  return tookMs
}

/** In a process of its own, because the inspector may slow what it inspects. */
async function heapAfterStart(stand: Stand, objects: string, hour: string): Promise<number> {
  const served = await stand.start(objects, { flags: INSPECTED })
  await askShard(served.url, hour)
  const heap = await inspectHeap(served)
  const bytes = await heap.usedBytes()
  heap.close()
  await served.stop()
  return bytes
}
