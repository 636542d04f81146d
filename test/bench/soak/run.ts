import { setTimeout as sleep } from 'node:timers/promises'
import type { Served } from '../../support/served.ts'
import { settledStatus } from '../../support/status.ts'
import { type Heap, INSPECTED, INSPECTOR_NOTICE, inspectHeap, rssBytes } from '../memory.ts'
import { type Audit, audit } from '../outage/audit.ts'
import { type LoadReport, type Pace, startPacedLoad } from '../paced/paced-load.ts'
import { startStand } from '../stand.ts'

export type Plan = { readonly pace: Pace; readonly minutes: number }

export type Sample = {
  /** Minute 0 warms up. */
  readonly minute: number
  /** Of the workerd process; null where the system has no /proc. */
  readonly rssBytes: number | null
  /** V8's, whatever is garbage included. */
  readonly heapBytes: number
}

export type Soak = {
  readonly load: LoadReport
  readonly samples: readonly Sample[]
  readonly audit: Audit
  readonly isConserved: boolean
  /** What workerd wrote: nothing, in good order. */
  readonly log: string
}

const MINUTE_MS = 60_000

/** Often enough that some samples follow a collection closely. */
const SAMPLE_MS = 500

/** Everything that it starts goes with the stack. */
export async function runSoak(
  { pace, minutes }: Plan,
  stack: AsyncDisposableStack,
  progress: (text: string) => void,
): Promise<Soak> {
  const stand = await startStand(stack)
  const served = await stand.start(stand.makeObjects(), { flags: INSPECTED })
  const heap = await inspectHeap(served)
  stack.defer(() => heap.close())
  const load = startPacedLoad(pace)
  stack.defer(() => load.kill())
  const samples: Sample[] = []
  const startedMs = performance.now()
  for (let minute = 0; minute <= minutes; minute++) {
    await load.enter(minute === 0 ? 'warm-up' : String(minute), served.urls)
    for (const endMs = startedMs + (minute + 1) * MINUTE_MS; performance.now() < endMs; ) {
      samples.push(await look(served, heap, minute))
      await sleep(Math.max(0, Math.min(SAMPLE_MS, endMs - performance.now())))
    }
    progress(`minute ${minute} of ${minutes}: ${load.tally.acknowledged.toLocaleString('en')} acknowledged`)
  }
  const report = await load.finish()
  const { isConserved } = await settledStatus(served.url)
  return {
    load: report,
    samples,
    audit: await audit(stand.pool, report, pace.keyBytes),
    isConserved,
    log: served.log().replaceAll(INSPECTOR_NOTICE, ''),
  }
}

async function look({ pid }: Served, heap: Heap, minute: number): Promise<Sample> {
  return { minute, rssBytes: rssBytes(pid), heapBytes: await heap.usedBytes() }
}
