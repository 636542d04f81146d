import { median } from '../figures.ts'
import { inspectHeap } from '../process.ts'
import { askShard } from '../stand.ts'
import type { Start } from './run.ts'

/** How long workerd takes to start on the state of one that was killed, and beside it on an empty state. */
export type Replay = {
  /** From the start of the process to the shard's first answer, when it has replayed everything. Medians. */
  readonly answeredMs: number
  readonly emptyMs: number
  /** V8's heap then, garbage included. */
  readonly heapBytes: number
  readonly emptyHeapBytes: number
}

const STARTS = 3

/** @param objects directories: the state of the one that was killed, and how to make an empty one. */
export async function measureReplay(
  start: Start,
  { full, makeEmpty }: { readonly full: string; readonly makeEmpty: () => string },
  hour: string,
): Promise<Replay> {
  const fullMs: number[] = []
  const emptyMs: number[] = []
  for (let i = 0; i < STARTS; i++) {
    emptyMs.push(await timeStart(start, makeEmpty(), hour))
    fullMs.push(await timeStart(start, full, hour))
  }
  return {
    answeredMs: Math.round(median(fullMs)),
    emptyMs: Math.round(median(emptyMs)),
    heapBytes: await heapAfterStart(start, full, hour),
    emptyHeapBytes: await heapAfterStart(start, makeEmpty(), hour),
  }
}

async function timeStart(start: Start, objects: string, hour: string): Promise<number> {
  const startedMs = performance.now()
  const served = await start(objects)
  await askShard(served.url, hour)
  const tookMs = performance.now() - startedMs
  await served.stop()
  return tookMs
}

/** In a process of its own, because the inspector may slow the process that it inspects. */
async function heapAfterStart(start: Start, objects: string, hour: string): Promise<number> {
  const served = await start(objects, true)
  await askShard(served.url, hour)
  const heap = await inspectHeap(served)
  const bytes = await heap.usedBytes()
  heap.close()
  await served.stop()
  return bytes
}
