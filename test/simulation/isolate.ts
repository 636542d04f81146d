import type { Clock } from '../../src/clock.ts'
import { Coalescer } from '../../src/edge/coalesce/coalescer.ts'
import type { FlightOutcome, Unnamed } from '../../src/edge/coalesce/queue.ts'
import { partition } from '../../src/edge/ingest/partition.ts'
import { sendInWaves } from '../../src/edge/ingest/waves.ts'
import { readCounters } from '../../src/edge/read/counters.ts'
import { KnownWriters } from '../../src/edge/read/known-writers.ts'
import type { CounterQuery } from '../../src/edge/read/query.ts'
import { SharedCalls } from '../../src/edge/read/shared-calls.ts'
import { within } from '../../src/edge/timeout.ts'
import { FLIGHT_MS_MAX, READ_MS_MAX, WAIT_MS_MAX } from '../../src/limits.ts'
import { edgeClosesMs } from '../../src/model/closing.ts'
import type { NamedEntry } from '../../src/model/entry.ts'
import type { Hour } from '../../src/model/hour.ts'
import { hourOf } from '../../src/model/hour.ts'
import { columnsOf } from '../support/increments.ts'
import type { Delivery } from './delivery.ts'
import { clockOf } from './instance-clock.ts'
import { SMALL_COALESCER } from './limits.ts'
import { askUnsettled, sendFlight } from './network.ts'
import { readerOf } from './postgres-link.ts'
import type { Release } from './release.ts'
import { asWrittenBy } from './release.ts'
import type { Aboard, Request } from './request.ts'
import { describe, enter, learnAll } from './request.ts'
import { RequestContext, whileRequested } from './request-context.ts'
import { Violation } from './scheduler.ts'
import type { World } from './world.ts'

/** A request waits for its turn, then leads a flight; the rest is for what happens in between. */
const ANSWER_MS_MAX = WAIT_MS_MAX + FLIGHT_MS_MAX + 1_000

type Submitted = {
  readonly shard: string
  readonly unnamed: Unnamed
  readonly named: readonly NamedEntry[]
}

/** An isolate of the Worker, with the production coalescer and reads. */
export class Isolate {
  readonly #world: World
  readonly #release: Release
  readonly #clock: Clock
  readonly #coalescer: Coalescer
  readonly #sharedCalls: SharedCalls
  readonly #knownWriters = new KnownWriters({ now: () => this.#clock.now() })
  #isAlive = true
  /** Whether one of its requests was ended although it was kept alive, so that a flight or a lead may be lost. */
  #hasLost = false

  constructor(world: World) {
    this.#world = world
    this.#release = world.release
    const skewMs = world.faults.has('clocksDiffer') ? world.chance.between(-5_000, 5_000) : 0
    this.#clock = clockOf(
      world,
      () => skewMs,
      () => this.#isAlive,
    )
    this.#coalescer = new Coalescer({
      send: (shard, flight, hasBacklog) => {
        const encoded = asWrittenBy(this.#release, flight)
        return this.#whileAlive(sendFlight(world, shard, { encoded, hasBacklog }))
      },
      clock: this.#clock,
      limits: SMALL_COALESCER,
    })
    this.#sharedCalls = new SharedCalls(
      (shard, keys) => this.#whileAlive(askUnsettled(world, shard, keys)),
      this.#clock,
    )
  }

  get nowMs(): number {
    return this.#clock.now()
  }

  /** Ends the isolate. Its requests are never answered, but what it has sent is on its way. */
  die(): void {
    this.#isAlive = false
  }

  /** The hour in which an increment of this time counts; undefined when that hour is closed. */
  openHour(atMs: number): Hour | undefined {
    const hour = hourOf(atMs)
    return this.#isOpen(hour) ? hour : undefined
  }

  #isOpen(hour: Hour): boolean {
    return this.nowMs < edgeClosesMs(hour, this.#release.lateHours)
  }

  /**
   * Does what `POST /increment` does once the body is read. A request is validated whole: if one of its hours is
   * closed, nothing is sent. [I2]
   */
  async send(request: Request): Promise<FlightOutcome[]> {
    if (!request.increments.every(({ hour }) => this.#isOpen(hour))) return []
    const context = new RequestContext()
    this.#strike(context)
    const parts = partition(
      columnsOf(request.increments),
      this.#release.shards,
      request.name,
      SMALL_COALESCER.flightBytes,
    )
    return Promise.all(
      parts.map((part) => this.#submit(part, enter(this.#world.book, part, request), context)),
    )
  }

  /**
   * Does what a foreign format's route does once the body is read: what is refused is left out, and the rest goes to its
   * shards in waves. [N1] [N2]
   */
  async deliver(delivery: Delivery): Promise<readonly FlightOutcome[]> {
    const { book, chance } = this.#world
    const refused = delivery.refuse(({ hour }) => !this.#isOpen(hour) || chance.is(0.02))
    if (refused > 0) this.#world.tally('recordRefused')
    const context = new RequestContext()
    this.#strike(context)
    const { shards } = this.#release
    return sendInWaves(
      delivery.parts(shards),
      ({ bytes }) => bytes,
      async (part) => {
        const aboard = delivery.enter(book, part, shards)
        const named = part.entries.map(({ entry }) => entry)
        const { unnamed, shard } = part
        const outcome = await this.#submit({ shard, unnamed, named }, aboard, context)
        const isDuplicate = outcome.kind === 'accepted' && outcome.named?.includes('duplicate') === true
        this.#world.tally(isDuplicate ? 'partAgain' : 'part')
        return outcome
      },
      this.#clock,
    )
  }

  #strike(context: RequestContext): void {
    const { faults, scheduler, chance } = this.#world
    const soon = () => chance.between(0, chance.is(0.8) ? 100 : 5_000)
    if (faults.strikes('hangUp')) scheduler.after(soon(), 'a client hangs up', () => context.hangUp())
    if (faults.strikes('requestLost'))
      scheduler.after(soon(), 'a request is lost', () => {
        this.#hasLost = true
        this.#world.tally('requestLost')
        context.cancel()
      })
  }

  async #submit(part: Submitted, aboard: Aboard, context: RequestContext): Promise<FlightOutcome> {
    const { scheduler, isExact } = this.#world
    scheduler.note(`request for ${part.shard}: ${describe(aboard)}`)
    const answered = this.#expectAnswer(part.shard, context)
    const { shard, unnamed, named } = part
    const outcome = await context.run(() => this.#coalescer.submit(shard, unnamed, context.keepAlive, named))
    answered()
    scheduler.note(`answer ${JSON.stringify(outcome)}: ${describe(aboard)}`)
    this.#checkNobodyLost(outcome)
    for (const result of outcome.kind === 'accepted' ? (outcome.named ?? []) : []) this.#world.tally(result)
    if (!context.isHeard) this.#world.tally('hangUp')
    if (isExact && context.isHeard) learnAll(aboard, outcome)
    return outcome
  }

  /** Fails the world when a request is not answered in time, whoever hangs up. [I5] */
  #expectAnswer(shard: string, context: RequestContext): () => void {
    return this.#world.scheduler.after(ANSWER_MS_MAX, '', () => {
      if (this.#isAlive && !context.isOver)
        this.#world.fail(new Violation(`[I5] no answer for ${shard} in ${ANSWER_MS_MAX} ms`))
    })
  }

  /** A client that hangs up harms nobody else: a flight is lost only with a request that was kept alive in vain. */
  #checkNobodyLost(outcome: FlightOutcome): void {
    if (this.#hasLost || outcome.kind === 'accepted') return
    if (LOST.includes(outcome.reason)) throw new Violation(`[I5] ${outcome.kind}: ${outcome.reason}`)
  }

  /** Does what `GET /counters?key=` does. Some clients hang up while others share their calls. */
  read(query: CounterQuery): ReturnType<typeof readCounters> {
    const readCommitted = readerOf(this.#world)
    const context = new RequestContext()
    // Decided by the time, like all of a read, because the draws of chance belong to the clients.
    if (this.nowMs % 4 === 0) this.#world.scheduler.after(this.nowMs % 100, '', () => context.hangUp())
    const reading = () =>
      readCounters(query, {
        database: { readCommitted: (committed) => this.#whileAlive(readCommitted(committed)) },
        shards: { unsettled: (shard, keys) => this.#sharedCalls.ask(shard, keys, context.keepAlive) },
        known: this.#knownWriters,
        config: { shards: this.#release.shards },
        nowMs: this.nowMs,
      })
    return context.run(() => within(this.#clock, READ_MS_MAX, reading()))
  }

  /** I/O comes back only to an isolate and a request that still exist. */
  #whileAlive<T>(work: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const alive = <V>(callback: (value: V) => void) =>
      whileRequested((value: V) => {
        if (this.#isAlive) callback(value)
      })
    work.then(alive(resolve), alive(reject))
    return promise
  }
}

/** The reasons that src/edge/coalesce/coalescer.ts gives to requests behind a lead that is gone. */
const LOST = ['the flight was lost', 'lost before its flight']
