import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../src/model/assert.ts'
import { bundle } from '../support/bundled.ts'
import { settledStatus } from '../support/status.ts'
import { audit, type OutageAudit } from './outage/audit.ts'
import { startPacedLoad } from './paced/paced-load.ts'
import type { PacedReport } from './paced/pacer.ts'
import { INSPECTED, INSPECTOR_NOTICE, inspectHeap, rssBytes } from './process.ts'
import type { Outcome, Progress, Scenario } from './scenario.ts'
import { startStand, startWorker } from './stand.ts'
import { describeStatuses, megabytes, number, table } from './table.ts'

const MINUTE_MS = 60_000

/** Often enough that some looks at the heap follow a collection closely. */
const SAMPLE_MS = 500

const KEY_BYTES = 30

/** Memory in one minute. */
type Sample = { readonly heapBytes: number; readonly rssBytes: number | null }

export const SOAK: Scenario<'minutes' | 'rate'> = {
  name: 'soak',
  shows:
    'A steady load over 20,000 keys for minutes, a real PostgreSQL behind it: latency and memory, minute by minute, and ' +
    'whether Postgres then has exactly what was acknowledged.',
  parts: ['soak'],
  settings: {
    minutes: { usual: 10, quick: 2, is: 'after the first, which warms up', most: 1_440 },
    rate: { usual: 300, is: 'requests a second', most: 100_000 },
  },
  async measure({ settings, progress }): Promise<Outcome> {
    return outcomeOf(await runSoak(settings, progress))
  },
}

type Soak = {
  readonly report: PacedReport
  /** By minute. */
  readonly samples: readonly (readonly Sample[])[]
  readonly audit: OutageAudit
  readonly isConserved: boolean
  /** Everything that workerd wrote: nothing, when all is well. */
  readonly log: string
}

async function runSoak(
  { minutes, rate }: { readonly minutes: number; readonly rate: number },
  progress: Progress,
): Promise<Soak> {
  await using stack = new AsyncDisposableStack()
  const { pool, endpoint } = await (await startStand(stack)).database()
  const served = await startWorker(stack, endpoint, { script: await bundle(), flags: INSPECTED })
  const heap = await inspectHeap(served)
  stack.defer(() => heap.close())
  const pace = { connections: 64, requestsPerSecond: rate, items: 1, keys: 20_000, atMs: null }
  const load = startPacedLoad({ ...pace, keyBytes: KEY_BYTES })
  stack.defer(() => load.kill())
  const samples: Sample[][] = []
  for (let minute = 0; minute <= minutes; minute++) {
    await load.enter(minute === 0 ? 'warm-up' : String(minute), served.urls)
    const own: Sample[] = []
    for (const endMs = performance.now() + MINUTE_MS; performance.now() < endMs; await sleep(SAMPLE_MS)) {
      own.push({ heapBytes: await heap.usedBytes(), rssBytes: rssBytes(served.pid) })
    }
    samples.push(own)
    progress(`minute ${minute} of ${minutes}: ${number(load.tally.acknowledged)} acknowledged`)
  }
  const report = await load.finish()
  const { isConserved } = await settledStatus(served.url)
  const log = served.log().replaceAll(INSPECTOR_NOTICE, '')
  return { report, samples, audit: await audit(pool, report, KEY_BYTES), isConserved, log }
}

function outcomeOf({ report, samples, audit: found, isConserved, log }: Soak): Outcome {
  const rows = report.phases.map(({ phase, requests, statuses, waitMs }, minute) => [
    phase,
    number(requests),
    describeStatuses(statuses),
    ...[waitMs.median, waitMs.p99, waitMs.longest].map((ms) => ms.toFixed(1)),
    ...describeMemory(must(samples[minute], 'samples of the minute')),
  ])
  const head = ['requests', 'answers', 'median ms', 'p99 ms', 'longest ms', 'resident, most', 'V8 heap']
  const isOdd = report.phases.some(({ statuses }) => Object.keys(statuses).join() !== '202')
  return {
    tables: [
      table(['minute', ...head], rows),
      `${number(found.acknowledged)} acknowledged, ${number(found.inPostgres)} in Postgres, of ${number(found.keys)} keys`,
    ],
    aims: [],
    figures: { phases: report.phases, samples, audit: found },
    faults: [
      ...found.faults,
      ...report.oddities,
      ...(isOdd ? ['not every request was answered 202'] : []),
      ...(isConserved ? [] : ["the shards' own audit fails"]),
      ...(log === '' ? [] : [`workerd wrote: ${log.slice(0, 500)}`]),
    ],
  }
}

/** The least that a minute shows of the heap is what a collection leaves, so a leak shows there. */
function describeMemory(samples: readonly Sample[]): string[] {
  const heap = samples.map(({ heapBytes }) => heapBytes)
  const resident = Math.max(...samples.map((sample) => sample.rssBytes ?? Number.NaN))
  return [megabytes(resident), `${megabytes(Math.min(...heap))} to ${megabytes(Math.max(...heap))}`]
}
