import type { Clock } from '../../clock.ts'
import {
  ATTEMPT_MS_MAX,
  ATTEMPTS_MAX,
  FLIGHT_MS_MAX,
  FLIGHT_RETRY_MS,
  LEAD_LEASE_MS,
  QUEUE_REST_MS_MAX,
  WAIT_MS_MAX,
} from '../../limits.ts'
import type { NamedEntry } from '../../model/entry.ts'
import { entryBytes } from '../../model/entry.ts'
import type { MergeAnswer } from '../../model/flight.ts'
import { encodeFlight } from '../../model/flight.ts'
import { flightWait, hasBacklog } from '../../model/linger.ts'
import { backoffMs } from '../../model/retry.ts'
import { reasonOf, within } from '../timeout.ts'
import { isOverloaded, outcomeOf } from './attempt.ts'
import type { CoalescerLimits } from './bounds.ts'
import { COALESCER_LIMITS } from './bounds.ts'
import type { FlightOutcome, FormingFlight, Lead, ShardQueue, Unnamed, Waiter } from './queue.ts'
import { emptyFlight, emptyQueue, join, load, outcomeFor } from './queue.ts'

/**
 * Calls a shard with an encoded flight, through a stub of its own. Rejects when no answer came.
 *
 * @param hasBacklog whether many requests share this isolate's flights, so that the shard should not make them wait.
 */
export type Send = (shard: string, flight: string, hasBacklog: boolean) => Promise<MergeAnswer>

export type CoalescerServices = {
  readonly send: Send
  readonly clock: Clock
  /** Those of production, unless a simulation has smaller ones. */
  readonly limits?: CoalescerLimits
}

/**
 * Gathers concurrent requests of an isolate into flights. To each shard at most one flight is in the air, and what
 * arrives meanwhile gathers in the next. So flights grow with load, and a hot key costs a call for each round trip
 * instead of one for each increment.
 *
 * I/O belongs to the request that began it, so nothing can run in the background: a request leads one flight, then hands
 * the lead to a request that waits. Three traps of the platform shape the code:
 * - A request that waits without I/O of its own is taken for hung and answered 500, so each waiter has a timer.
 * - `new Promise` in hot code can continue in the context of whoever resolves it, so the one promise that requests
 *   resolve for each other comes from `Promise.withResolvers`.
 * - A client that hangs up ends its request, so `keepAlive` holds each turn; otherwise the lead would be lost with it.
 */
export class Coalescer {
  readonly #services: CoalescerServices
  readonly #limits: CoalescerLimits
  readonly #queues = new Map<string, ShardQueue>()
  /** Made at the first flight, because an isolate has no source of chance before its first request. */
  #sender: string | undefined
  #n = 0
  /** Bytes of all queues: of the flights that form and of those in the air. */
  #bytes = 0

  constructor(services: CoalescerServices) {
    this.#services = services
    this.#limits = services.limits ?? COALESCER_LIMITS
  }

  /**
   * Sends increments, or what some add up to, to a shard aboard the next flight. At most a flight of them, all of the
   * shard's hour.
   *
   * @param keepAlive `waitUntil` of the request that submits.
   * @param named entries beside the unnamed ones. An entry that is larger than a flight flies alone.
   * @param bytes of all of it, where the caller knows: to measure many cells takes long.
   * @returns what became of them; rejects only after a bug.
   */
  submit(
    shard: string,
    unnamed: Unnamed,
    keepAlive: (turn: Promise<unknown>) => void,
    named: readonly NamedEntry[] = [],
    bytes = named.reduce((sum, entry) => sum + entryBytes(entry), unnamed.bytes),
  ): Promise<FlightOutcome> {
    const turn = this.#turn(shard, unnamed, named, bytes)
    keepAlive(turn)
    return turn
  }

  async #turn(
    shard: string,
    unnamed: Unnamed,
    named: readonly NamedEntry[],
    bytes: number,
  ): Promise<FlightOutcome> {
    const queue = this.#queues.get(shard) ?? this.#openQueue(shard)
    if (this.#isLost(queue)) this.#giveUp(queue)
    if (this.#isFull(queue, bytes)) return { kind: 'refused', reason: 'full' }
    const flight = this.#board(queue, unnamed, named, bytes)
    const waiter = join(flight, named.length)
    if (queue.lead === null) this.#handLeadTo(queue, waiter)
    const turn = await this.#wait(waiter)
    if (turn.kind === 'landed') return turn.outcome
    if (turn.kind === 'late') return { kind: 'unknown', reason: 'no answer in time' }
    await this.#lead(queue, turn.lead)
    return outcomeFor(waiter, flight.outcome ?? LOST)
  }

  #openQueue(shard: string): ShardQueue {
    this.#forgetRested()
    const queue = emptyQueue(shard)
    this.#queues.set(shard, queue)
    return queue
  }

  /** A queue at rest is kept for a while, because it knows how many were aboard its last flight. */
  #forgetRested(): void {
    const restedMs = this.#services.clock.now() - QUEUE_REST_MS_MAX
    for (const [shard, queue] of [...this.#queues.entries().take(QUEUES_LOOKED_AT)]) {
      if (this.#isLost(queue)) this.#giveUp(queue)
      this.#queues.delete(shard)
      // One that is not at rest comes last, so that the others are looked at before it is again.
      if (queue.lead !== null || queue.lastLandedMs >= restedMs) this.#queues.set(shard, queue)
    }
  }

  #isLost(queue: ShardQueue): boolean {
    return queue.lead !== null && this.#services.clock.now() - queue.lead.sinceMs > LEAD_LEASE_MS
  }

  /** Ends what waits behind a lead that was lost with its request. Whatever has not flown was certainly not counted. */
  #giveUp(queue: ShardQueue): void {
    if (queue.inAir !== null) this.#land(queue, queue.inAir, LOST)
    for (const flight of queue.forming.splice(0)) {
      this.#land(queue, flight, { kind: 'refused', reason: 'lost before its flight' })
    }
    queue.lead = null
  }

  #isFull(queue: ShardQueue, bytes: number): boolean {
    const { waitingBytes, waitingBytesPerShard } = this.#limits
    return queue.bytes + bytes > waitingBytesPerShard || this.#bytes + bytes > waitingBytes
  }

  /** Adds increments to the last flight that forms, or to a new one when they would make that one too large. */
  #board(queue: ShardQueue, unnamed: Unnamed, named: readonly NamedEntry[], bytes: number): FormingFlight {
    queue.bytes += bytes
    this.#bytes += bytes
    const last = queue.forming.at(-1)
    const hasRoom =
      last !== undefined && last.unnamed.bytes + last.namedBytes + bytes <= this.#limits.flightBytes
    const flight = hasRoom ? last : emptyFlight()
    if (!hasRoom) queue.forming.push(flight)
    load(flight, unnamed, named, bytes)
    return flight
  }

  #handLeadTo(queue: ShardQueue, waiter: Waiter): void {
    queue.lead = { sinceMs: this.#services.clock.now() }
    waiter.resolve({ kind: 'lead', lead: queue.lead })
  }

  /** Waits for a turn, with a timer that belongs to the waiting request. */
  async #wait(waiter: Waiter) {
    const cancel = this.#services.clock.after(WAIT_MS_MAX, () => {
      // Set here and not after the wait: in between, the lead could be handed to a request that has just given up.
      waiter.isGone = true
      waiter.resolve({ kind: 'late' })
    })
    const turn = await waiter.turn
    cancel()
    return turn
  }

  /** Flies the queue's first flight, which the leader is aboard, tells everyone aboard, and hands the lead on. */
  async #lead(queue: ShardQueue, lead: Lead): Promise<void> {
    const waitMs = lingerMs(queue)
    if (waitMs > 0) await this.#services.clock.sleep(waitMs)
    const flight = queue.lead === lead ? queue.forming.shift() : undefined
    // The lead was thought lost, and the flight that it should have flown was given up.
    if (flight === undefined) return
    queue.inAir = flight
    let outcome = LOST
    try {
      outcome = await this.#fly(queue, flight)
    } finally {
      this.#land(queue, flight, outcome)
      if (queue.lead === lead) this.#passLead(queue)
    }
  }

  /** Idempotent, because a flight that was given up may come back after all. */
  #land(queue: ShardQueue, flight: FormingFlight, outcome: FlightOutcome): void {
    if (flight.outcome !== undefined) return
    if (queue.inAir === flight) queue.inAir = null
    queue.bytes -= flight.bytes
    this.#bytes -= flight.bytes
    queue.lastAboard = flight.waiters.length
    queue.lastLandedMs = this.#services.clock.now()
    flight.outcome = outcome
    for (const waiter of flight.waiters) {
      waiter.resolve({ kind: 'landed', outcome: outcomeFor(waiter, outcome) })
    }
  }

  /** Hands the lead to a request that is aboard the next flight. A flight that everybody has left is not flown. */
  #passLead(queue: ShardQueue): void {
    for (let next = queue.forming[0]; next !== undefined; next = queue.forming[0]) {
      const waiter = next.waiters.find((w) => !w.isGone)
      if (waiter !== undefined) {
        this.#handLeadTo(queue, waiter)
        return
      }
      queue.forming.shift()
      this.#land(queue, next, LOST)
    }
    queue.lead = null
  }

  /** Sends one flight, the same bytes under the same name, until it is answered or given up. [I4] */
  async #fly({ shard, lastAboard }: ShardQueue, { unnamed, named }: FormingFlight): Promise<FlightOutcome> {
    const { clock, send } = this.#services
    this.#sender ??= clock.uuid()
    this.#n += 1
    const encoded = encodeFlight({ sender: this.#sender, n: this.#n }, unnamed.cells, named)
    const backlog = hasBacklog(lastAboard)
    const deadlineMs = clock.now() + FLIGHT_MS_MAX
    let reason = 'no answer'
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      try {
        return outcomeOf(await within(clock, ATTEMPT_MS_MAX, send(shard, encoded, backlog)), attempt)
      } catch (error) {
        reason = reasonOf(error)
        if (isOverloaded(error)) return outcomeOf({ kind: 'refused', reason: 'overloaded' }, attempt)
      }
      const waitMs = backoffMs(attempt, FLIGHT_RETRY_MS, clock.random())
      if (clock.now() + waitMs + ATTEMPT_MS_MAX > deadlineMs) break
      if (attempt < ATTEMPTS_MAX) await clock.sleep(waitMs)
    }
    return { kind: 'unknown', reason }
  }
}

/** Queues that each new one makes us look at: more than one, so that those at rest leave faster than others come. */
const QUEUES_LOOKED_AT = 2

const LOST: FlightOutcome = { kind: 'unknown', reason: 'the flight was lost' }

/** How long the queue's next flight waits for more requests. */
function lingerMs({ forming: [next, another], lastAboard }: ShardQueue): number {
  if (next === undefined) return 0
  const { waiters, bytes } = next
  return flightWait({ aboard: waiters.length, bytes, isFull: another !== undefined, lastAboard }).waitMs
}
