import { formatHour, hourOf } from '../../../src/model/hour.ts'
import type { Served } from '../../support/served.ts'
import { type LoadReport, type Pace, type PacedLoad, startPacedLoad } from '../paced/paced-load.ts'
import { type Stand, startStand, type Way } from '../stand.ts'
import { type Audit, audit } from './audit.ts'
import type { OutageLog } from './log.ts'
import { measureReplay, type Replay } from './replay.ts'
import { type Sample, Watch } from './sample.ts'

export type Plan = {
  readonly pace: Omit<Pace, 'atMs'>
  /** Of the phases before and after. */
  readonly calmSeconds: number
  readonly outageSeconds: number
  /** The outage goes on until ingest first answers 503, and FULL_SECONDS more; `outageSeconds` is the longest. */
  readonly isUntilFull: boolean
  readonly ways: readonly Way[]
}

export type Outcome = {
  readonly load: LoadReport
  readonly samples: readonly Sample[]
  /** The last look before the kill at the outage's end. */
  readonly peak: Sample
  readonly replay: Replay
  readonly recovery: Recovery
  readonly outageSeconds: number
  readonly audit: Audit
  readonly log: OutageLog
}

/** Seconds from Postgres's return. */
export type Recovery = {
  /** Until something more was in it: a shard that has backed off tries again within half a minute. */
  readonly firstSettledSeconds: number
  /** Until everything older than the return was. */
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
const CLOSELY = { everyMs: 100, withinMs: 180_000 }

/** Before, during and after one outage under one load. Everything that it starts goes with the stack. */
export async function runOutage(
  plan: Plan,
  stack: AsyncDisposableStack,
  progress: (text: string) => void,
): Promise<Outcome> {
  const stand = await startStand(stack)
  const atMs = Date.now()
  const hour = formatHour(hourOf(atMs))
  const objects = stand.makeObjects()
  const load = startPacedLoad({ ...plan.pace, atMs })
  stack.defer(() => load.kill())
  const run = new Run({ plan, stand, load, watch: new Watch(hour, objects), progress })

  const first = await stand.start(objects)
  await run.calm(first, PHASES.warmUp, WARM_UP_SECONDS)
  await run.calm(first, PHASES.before, plan.calmSeconds)
  const before = first.log()
  const outageMs = performance.now()
  const peak = await run.outage(first)
  await load.pause()
  await first.stop()
  const replay = await measureReplay(stand, objects, hour)
  const second = await stand.start(objects)
  await run.calm(second, PHASES.restarted, RESTARTED_SECONDS)
  const outageSeconds = Math.round((performance.now() - outageMs) / 1000)
  const recovery = await run.drain(second)
  const drained = second.log()
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
    audit: await audit(stand.pool, report, plan.pace.keyBytes),
    log: {
      away: first.log().slice(before.length) + drained,
      calm: before + second.log().slice(drained.length),
    },
  }
}

type Parts = {
  readonly plan: Plan
  readonly stand: Stand
  readonly load: PacedLoad
  readonly watch: Watch
  readonly progress: (text: string) => void
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
    const { plan, stand, load } = this.#parts
    const endMs = performance.now() + plan.outageSeconds * 1000
    stand.away(plan.ways)
    const isOver = () => performance.now() >= endMs
    if (!plan.isUntilFull) return this.#phase(served, PHASES.during, isOver)
    const last = await this.#phase(served, PHASES.during, () => isOver() || load.tally.refusedRequests > 0)
    return load.tally.refusedRequests > 0 ? this.calm(served, PHASES.full, FULL_SECONDS) : last
  }

  /** Postgres comes back while the load goes on. */
  async drain(served: Served): Promise<Recovery> {
    const { stand, load, watch } = this.#parts
    await load.enter(PHASES.draining, served.urls)
    const { status } = await watch.look(served, PHASES.draining)
    const [returnedMs, settled] = [Date.now(), status.settled]
    stand.back()
    const until = async (is: (sample: Sample) => boolean) => {
      await watch.until(served, PHASES.draining, is, CLOSELY)
      return (Date.now() - returnedMs) / 1000
    }
    const firstSettledSeconds = await until((sample) => sample.status.settled > settled)
    const drainedSeconds = await until((sample) => Date.now() - sample.status.lagMs > returnedMs)
    this.#say(watch.samples.at(-1))
    return { firstSettledSeconds, drainedSeconds, backlog: status.accepted - settled }
  }

  /** Until Postgres has everything. */
  async settle(served: Served): Promise<void> {
    const isSettled = ({ status }: Sample) => status.lagMs === 0 && status.isConserved
    await this.#parts.watch.until(served, 'settling', isSettled, CLOSELY)
  }

  async #phase(served: Served, phase: string, isOver: () => boolean): Promise<Sample> {
    const { load, watch } = this.#parts
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
      SECOND,
    )
  }

  #say(sample: Sample | undefined): void {
    if (sample === undefined) return
    const { open, frozen, journalBytes, fault } = sample.status
    const cells = (open.cells + frozen.cells).toLocaleString('en')
    const { acknowledged, refusedRequests } = this.#parts.load.tally
    this.#parts.progress(
      `${sample.phase}: ${acknowledged.toLocaleString('en')} acknowledged, ${refusedRequests} requests refused, ` +
        `${cells} cells held, journal ${(journalBytes / 1e6).toFixed(1)} MB${fault ? `, ${fault.reason}` : ''}`,
    )
  }
}
