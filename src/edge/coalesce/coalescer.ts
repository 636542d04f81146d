import type { Clock } from '../../clock.ts'
import {
  ATTEMPT_MS_MAX,
  ATTEMPTS_MAX,
  CROWDED_FLIGHT,
  FLIGHT_BYTES_MAX,
  FLIGHT_MS_MAX,
  FLIGHT_RETRY_MS,
  LEAD_LEASE_MS,
  LINE_REST_MS_MAX,
  SHORT_LINGER_MS,
  WAIT_MS_MAX,
  WAITING_BYTES_MAX,
  WAITING_BYTES_PER_SHARD_MAX,
} from '../../limits.ts'
import type { NamedEntry, UnnamedEntry } from '../../model/entry.ts'
import { entryBytes } from '../../model/entry.ts'
import type { MergeAnswer } from '../../model/flight.ts'
import { encodeFlight } from '../../model/flight.ts'
import { backoffMs } from '../../model/retry.ts'
import { within } from '../http/timeout.ts'
import { isOverloaded, landingOf, reasonOf } from './attempt.ts'
import type { Gathering, Landing, Lead, Line, Waiter } from './queue.ts'
import { gatheringOf, isWorthLingering, join, landingFor, lineOf } from './queue.ts'

/**
 * Calls a shard with an encoded flight, through a stub of its own. Rejects when no answer came.
 *
 * @param isCrowded whether many wait behind it, so that the shard should not make it wait for others.
 */
export type Send = (shard: string, flight: string, isCrowded: boolean) => Promise<MergeAnswer>

export type CoalescerServices = { readonly send: Send; readonly clock: Clock }

/**
 * Gathers concurrent requests of an isolate into flights: at most one per shard is in the air, and what arrives
 * meanwhile gathers in the next. So flights grow with load, and a hot key costs calls per round trip, not per increment.
 *
 * I/O belongs to the request that began it, so there is no loop in the background: a request leads one flight, then
 * hands the lead to one that waits. Three traps of the platform shape the code:
 * - A request that waits without I/O of its own is taken for hung and answered 500: each waiter has a timer.
 * - `new Promise` in hot code can continue in the context of whoever resolves it: the one promise that requests
 *   resolve for each other comes from `Promise.withResolvers`.
 * - A client that hangs up ends its request: `keepAlive` holds each turn, or the lead would be lost with it.
 */
export class Coalescer {
  readonly #services: CoalescerServices
  readonly #lines = new Map<string, Line>()
  /** Made at the first flight: an isolate has no chance before its first request. */
  #sender: string | undefined
  #n = 0
  /** Bytes gathering and in the air, of all lines. */
  #bytes = 0

  constructor(services: CoalescerServices) {
    this.#services = services
  }

  /**
   * Sends increments to a shard aboard the next flight. At most FLIGHT_BYTES_MAX of them, all of the shard's hour.
   *
   * @param keepAlive `waitUntil` of the request that asks.
   * @param named entries beside them. One that is larger than a flight flies alone.
   * @returns what became of them; never rejects but for a bug.
   */
  submit(
    shard: string,
    unnamed: UnnamedEntry,
    keepAlive: (turn: Promise<unknown>) => void,
    named: readonly NamedEntry[] = [],
  ): Promise<Landing> {
    const turn = this.#turn(shard, unnamed, named)
    keepAlive(turn)
    return turn
  }

  async #turn(shard: string, unnamed: UnnamedEntry, named: readonly NamedEntry[]): Promise<Landing> {
    const line = this.#lines.get(shard) ?? this.#openLine(shard)
    if (this.#isLost(line)) this.#giveUp(line)
    const bytes = named.reduce((sum, entry) => sum + entryBytes(entry), unnamed.bytes)
    if (this.#isFull(line, bytes)) return { kind: 'refused', reason: 'full' }
    const gathering = this.#board(line, unnamed, named, bytes)
    const waiter = join(gathering, named.length)
    if (line.lead === null) this.#handLeadTo(line, waiter)
    const turn = await this.#wait(waiter)
    if (turn.kind === 'landed') return turn.landing
    if (turn.kind === 'late') return { kind: 'unknown', reason: 'no answer in time' }
    await this.#lead(line, turn.lead)
    return landingFor(waiter, gathering.landing ?? LOST)
  }

  #openLine(shard: string): Line {
    this.#forgetRested()
    const line = lineOf(shard)
    this.#lines.set(shard, line)
    return line
  }

  /** A line at rest is kept for a while, for it knows whether its last flight had company. */
  #forgetRested(): void {
    const restedMs = this.#services.clock.now() - LINE_REST_MS_MAX
    for (const [shard, line] of this.#lines) {
      if (this.#isLost(line)) this.#giveUp(line)
      if (line.lead === null && line.lastLandedMs < restedMs) this.#lines.delete(shard)
    }
  }

  #isLost(line: Line): boolean {
    return line.lead !== null && this.#services.clock.now() - line.lead.sinceMs > LEAD_LEASE_MS
  }

  /** Ends what waits behind a lead that was lost with its request. What has not flown was certainly not counted. */
  #giveUp(line: Line): void {
    if (line.inAir !== null) this.#land(line, line.inAir, LOST)
    for (const gathering of line.gatherings.splice(0)) {
      this.#land(line, gathering, { kind: 'refused', reason: 'lost before its flight' })
    }
    line.lead = null
  }

  #isFull(line: Line, bytes: number): boolean {
    return line.bytes + bytes > WAITING_BYTES_PER_SHARD_MAX || this.#bytes + bytes > WAITING_BYTES_MAX
  }

  /** Adds increments to the last gathering, or to a new one when they would make it too large for a flight. */
  #board(line: Line, unnamed: UnnamedEntry, named: readonly NamedEntry[], bytes: number): Gathering {
    line.bytes += bytes
    this.#bytes += bytes
    const last = line.gatherings.at(-1)
    const hasRoom = last !== undefined && last.cells.bytes + last.namedBytes + bytes <= FLIGHT_BYTES_MAX
    const gathering = hasRoom ? last : gatheringOf()
    if (!hasRoom) line.gatherings.push(gathering)
    gathering.cells.addEntry(unnamed)
    for (const entry of named) gathering.named.push(entry)
    gathering.namedBytes += bytes - unnamed.bytes
    gathering.bytes += bytes
    return gathering
  }

  #handLeadTo(line: Line, waiter: Waiter): void {
    line.lead = { sinceMs: this.#services.clock.now() }
    waiter.resolve({ kind: 'lead', lead: line.lead })
  }

  /** Waits for a turn, with a timer of the waiting request's own. */
  async #wait(waiter: Waiter) {
    const cancel = this.#services.clock.after(WAIT_MS_MAX, () => {
      // Here and not after the wait: in between, the lead could be handed to one who has just given up.
      waiter.isGone = true
      waiter.resolve({ kind: 'late' })
    })
    const turn = await waiter.turn
    cancel()
    return turn
  }

  /** Flies the first gathering, which is the leader's own, tells everyone aboard, and hands the lead on. */
  async #lead(line: Line, lead: Lead): Promise<void> {
    if (isWorthLingering(line)) await this.#services.clock.sleep(SHORT_LINGER_MS)
    const gathering = line.lead === lead ? line.gatherings.shift() : undefined
    // It was thought lost, and what it should have flown was given up.
    if (gathering === undefined) return
    line.inAir = gathering
    let landing = LOST
    try {
      landing = await this.#fly(line.shard, gathering, line.lastAboard >= CROWDED_FLIGHT)
    } finally {
      this.#land(line, gathering, landing)
      if (line.lead === lead) this.#passLead(line)
    }
  }

  /** Idempotent: a flight that was given up may come back after all. */
  #land(line: Line, gathering: Gathering, landing: Landing): void {
    if (gathering.landing !== undefined) return
    if (line.inAir === gathering) line.inAir = null
    line.bytes -= gathering.bytes
    this.#bytes -= gathering.bytes
    line.lastAboard = gathering.waiters.length
    line.lastLandedMs = this.#services.clock.now()
    gathering.landing = landing
    for (const waiter of gathering.waiters) {
      waiter.resolve({ kind: 'landed', landing: landingFor(waiter, landing) })
    }
  }

  /** Hands the lead to a request that is aboard the next flight. One that everybody has left is not flown. */
  #passLead(line: Line): void {
    for (let next = line.gatherings[0]; next !== undefined; next = line.gatherings[0]) {
      const waiter = next.waiters.find((w) => !w.isGone)
      if (waiter !== undefined) {
        this.#handLeadTo(line, waiter)
        return
      }
      line.gatherings.shift()
      this.#land(line, next, LOST)
    }
    line.lead = null
  }

  /** Sends one flight, the same bytes under the same name, until it is answered or given up. [I4] */
  async #fly(shard: string, { cells, named }: Gathering, isCrowded: boolean): Promise<Landing> {
    const { clock, send } = this.#services
    this.#sender ??= clock.uuid()
    this.#n += 1
    const flight = encodeFlight({ name: { sender: this.#sender, n: this.#n }, cells, named })
    const deadlineMs = clock.now() + FLIGHT_MS_MAX
    let reason = 'no answer'
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      try {
        return landingOf(await within(clock, ATTEMPT_MS_MAX, send(shard, flight, isCrowded)), attempt)
      } catch (error) {
        reason = reasonOf(error)
        if (isOverloaded(error)) return landingOf({ kind: 'refused', reason: 'overloaded' }, attempt)
      }
      const waitMs = backoffMs(attempt, FLIGHT_RETRY_MS, clock.random())
      if (clock.now() + waitMs + ATTEMPT_MS_MAX > deadlineMs) break
      if (attempt < ATTEMPTS_MAX) await clock.sleep(waitMs)
    }
    return { kind: 'unknown', reason }
  }
}

const LOST: Landing = { kind: 'unknown', reason: 'the flight was lost' }
