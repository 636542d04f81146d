import { formatHour, hourOf } from '../../../src/model/hour.ts'
import { bundle } from '../../support/bundled.ts'
import { createFaults, type FaultAction } from '../../support/faults.ts'
import type { Served } from '../../support/served.ts'
import { type PacedLoad, startPacedLoad } from '../paced/paced-load.ts'
import type { Pace, PacedReport } from '../paced/pacer.ts'
import { INSPECTED, INSPECTOR_NOTICE } from '../process.ts'
import type { Progress } from '../scenario.ts'
import { makeDirectory, startStand, startWorker } from '../stand.ts'
import { audit, type OutageAudit, type OutageLog } from './audit.ts'
import { measureReplay, type Replay } from './replay.ts'
import { type Sample, Watch } from './watch.ts'

export type OutagePlan = {
  readonly pace: Omit<Pace, 'atMs'>
  /** Of the phases before and after. */
  readonly calmSeconds: number
  /** At most, when it lasts until ingest first answers 503 and FULL_SECONDS more. */
  readonly outageSeconds: number
  /** Looks at the heap too. */
  readonly isUntilFull: boolean
}

export type OutageOutcome = {
  readonly load: PacedReport
  readonly samples: readonly Sample[]
  /** The last look before the kill at the end of the outage. */
  readonly peak: Sample
  readonly replay: Replay
  readonly recovery: Recovery
  readonly outageSeconds: number
  readonly audit: OutageAudit
  readonly log: OutageLog
}

/** Seconds from Postgres's return. */
export type Recovery = {
  /** Until something more was in it: a shard that has backed off tries again within half a minute. */
  readonly firstSettledSeconds: number
  /** Until everything older than the return was in it. */
  readonly drainedSeconds: number
  /** Increments that waited at the return. */
  readonly backlog: number
}

export const PHASES = {
  warmUp: 'warm-up',
  before: 'before',
  during: 'during',
  full: 'during, full',
  restarted: 'during, after kill -9',
  draining: 'draining',
  after: 'after',
} as const

const WARM_UP_SECONDS = 5
const FULL_SECONDS = 15
const RESTARTED_SECONDS = 10
const SECOND = { everyMs: 1_000, withinMs: Number.POSITIVE_INFINITY }
/** So often that a look at the heap seldom misses much of a peak. */
const HEAPS = { everyMs: 200, withinMs: Number.POSITIVE_INFINITY }
const CLOSELY = { everyMs: 100, withinMs: 180_000 }

/** Longer than any run, so that a statement that hangs is not carried out late. */
const HANG_MS = 24 * 3_600_000

/** How Postgres is away, in turn: the connection breaks, it answers 500, it never answers. */
const AWAY: readonly FaultAction[] = [
  { kind: 'refuse' },
  { kind: 'answer-500' },
  { kind: 'delay', ms: HANG_MS },
]

/** More rounds of AWAY than any outage sees: a shard tries every half minute or so. */
const AWAY_ROUNDS = 1_000

/** Starts the Worker on the objects of a directory; with `isInspected` its heap can be asked for, and is bounded. */
export type Start = (objects: string, isInspected?: boolean) => Promise<Served>

/** V8 may take three quarters of the platform's bound. Were that too little at any moment, workerd would end. */
export const HEAP_MIB_MAX = 96

const HEAP = { flags: INSPECTED, v8Flags: [`--max-heap-size=${HEAP_MIB_MAX}`] }

/** Before, during and after one outage under one load. Everything that it starts ends with the stack. */
export async function runOutage(
  plan: OutagePlan,
  stack: AsyncDisposableStack,
  progress: Progress,
): Promise<OutageOutcome> {
  const faults = createFaults()
  const { pool, endpoint } = await (await startStand(stack)).database({ faults })
  const script = await bundle()
  const start: Start = (objects, isInspected = false) =>
    startWorker(stack, endpoint, { script, objects, ...(isInspected && HEAP) })
  const atMs = Date.now()
  const hour = formatHour(hourOf(atMs))
  const objects = makeDirectory(stack)
  const load = startPacedLoad({ ...plan.pace, atMs })
  stack.defer(() => load.kill())
  const run = new Run({ plan, load, watch: new Watch(hour, objects), progress })

  const first = await start(objects, plan.isUntilFull)
  await run.calm(first, PHASES.warmUp, WARM_UP_SECONDS)
  await run.calm(first, PHASES.before, plan.calmSeconds)
  const logOf = (served: Served) => served.log().replaceAll(INSPECTOR_NOTICE, '')
  const before = logOf(first)
  const outageMs = performance.now()
  for (let round = 0; round < AWAY_ROUNDS; round++) for (const fault of AWAY) faults.inject(fault)
  const peak = await run.outage(first)
  await load.pause()
  await first.stop()
  const replay = await measureReplay(start, { full: objects, makeEmpty: () => makeDirectory(stack) }, hour)
  const second = await start(objects, plan.isUntilFull)
  await run.calm(second, PHASES.restarted, RESTARTED_SECONDS)
  const outageSeconds = Math.round((performance.now() - outageMs) / 1000)
  const recovery = await run.drain(second, () => faults.clear())
  const drained = logOf(second)
  await run.calm(second, PHASES.after, plan.calmSeconds)
  const report = await load.finish()
  await run.settle(second)
  return {
    load: report,
    samples: run.samples,
    peak,
    replay,
    recovery,
    outageSeconds,
    audit: await audit(pool, report, plan.pace.keyBytes),
    log: {
      away: logOf(first).slice(before.length) + drained,
      calm: before + logOf(second).slice(drained.length),
    },
  }
}

type Parts = {
  readonly plan: OutagePlan
  readonly load: PacedLoad
  readonly watch: Watch
  readonly progress: Progress
}

class Run {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get samples(): readonly Sample[] {
    return this.#parts.watch.samples
  }

  /** A phase that lasts so long. @returns its last sample. */
  async calm(served: Served, phase: string, seconds: number): Promise<Sample> {
    const endMs = performance.now() + seconds * 1000
    return this.#phase(served, phase, () => performance.now() >= endMs)
  }

  async outage(served: Served): Promise<Sample> {
    const { plan, load } = this.#parts
    const endMs = performance.now() + plan.outageSeconds * 1000
    const isOver = () => performance.now() >= endMs
    if (!plan.isUntilFull) return this.#phase(served, PHASES.during, isOver)
    const last = await this.#phase(served, PHASES.during, () => isOver() || load.tally.refusedRequests > 0)
    return load.tally.refusedRequests > 0 ? this.calm(served, PHASES.full, FULL_SECONDS) : last
  }

  /** Postgres comes back while the load goes on. */
  async drain(served: Served, comeBack: () => void): Promise<Recovery> {
    const { load, watch } = this.#parts
    await load.enter(PHASES.draining, served.urls)
    const { status } = await watch.look(served, PHASES.draining)
    const [returnedMs, settled] = [Date.now(), status.settled]
    comeBack()
    const until = async (is: (sample: Sample) => boolean) => {
      this.#say(await watch.until(served, PHASES.draining, is, CLOSELY))
      return (Date.now() - returnedMs) / 1000
    }
    const firstSettledSeconds = await until((sample) => sample.status.settled > settled)
    const drainedSeconds = await until((sample) => Date.now() - sample.status.lagMs > returnedMs)
    return { firstSettledSeconds, drainedSeconds, backlog: status.accepted - settled }
  }

  /** Waits until Postgres has everything. */
  async settle(served: Served): Promise<void> {
    const isSettled = ({ status }: Sample) => status.lagMs === 0 && status.isConserved
    await this.#parts.watch.until(served, 'settling', isSettled, CLOSELY)
  }

  async #phase(served: Served, phase: string, isOver: () => boolean): Promise<Sample> {
    const { load, watch, plan } = this.#parts
    await load.enter(phase, served.urls)
    let lastSaidMs = Number.NEGATIVE_INFINITY
    return watch.until(
      served,
      phase,
      (sample) => {
        if (isOver() || sample.atMs - lastSaidMs >= 10_000) {
          this.#say(sample)
          lastSaidMs = sample.atMs
        }
        return isOver()
      },
      plan.isUntilFull ? HEAPS : SECOND,
    )
  }

  #say({ phase, status: { open, frozen, journalBytes, fault } }: Sample): void {
    const cells = (open.cells + frozen.cells).toLocaleString('en')
    const { acknowledged, refusedRequests } = this.#parts.load.tally
    this.#parts.progress(
      `${phase}: ${acknowledged.toLocaleString('en')} acknowledged, ${refusedRequests} requests refused, ` +
        `${cells} cells held, journal ${(journalBytes / 1e6).toFixed(1)} MB${fault ? `, ${fault.reason}` : ''}`,
    )
  }
}
