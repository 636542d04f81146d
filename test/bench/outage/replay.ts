import type { Served } from '../../support/served.ts'
import { median } from '../figures.ts'
import { askShard } from './sample.ts'
import type { Stand } from './stand.ts'

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
  const served = await stand.start(objects, ['--inspector-addr=127.0.0.1:0'])
  await askShard(served.url, hour)
  const bytes = await heapBytes(served)
  await served.stop()
  return bytes
}

/** workerd's inspector has one target, named after the service. `HeapProfiler.collectGarbage` it never answers. */
async function heapBytes({ inspectorPort }: Served): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${inspectorPort}/worker`)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  socket.addEventListener('open', () => {
    socket.send(JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' }))
  })
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(data)
    if (id === 1) resolve(result.usedSize + result.backingStorageSize)
  })
  socket.addEventListener('error', () => reject(new Error('the inspector does not answer')))
  try {
    return await promise
  } finally {
    socket.close()
  }
}
