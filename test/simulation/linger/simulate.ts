import { FLIGHT_BYTES_MAX, ONE_CLIENT_FLIGHTS } from '../../../src/limits.ts'
import { commitWait, countFromOneClient, flightWait, hasBacklog } from '../../../src/model/linger.ts'
import { seeded } from '../../support/chance.ts'
import { Events } from './events.ts'

/** Requests for one shard, and how they get there. */
export type LingerLoad = {
  readonly isolates: number
  /**
   * `open`: requests come at random times, so many a second over all isolates, whether earlier ones are answered or not.
   * `closed`: one client at each isolate sends its next request when it has the answer to the last.
   */
  readonly requests: { readonly kind: 'open'; readonly perSecond: number } | { readonly kind: 'closed' }
  /** Increments in each request. */
  readonly increments: number
  /** How long a call takes there and back on average; each call takes 50 to 150 % of that. */
  readonly callMs: number
  readonly lingerMs: number
  readonly seconds: number
  readonly seed: number
}

export type LingerFigures = {
  readonly rows: number
  readonly calls: number
  readonly requests: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly longestMs: number
  /** The longest that any flight waited for company, in its isolate or in the shard. */
  readonly longestWaitMs: number
  readonly rowsPerIncrement: number
}

/** Bytes of an increment in a flight, with a key of ordinary length. */
const INCREMENT_BYTES = 116

/**
 * Simulates what the two wait functions of model/linger.ts do to a load. Pure: time is simulated, and chance comes
 * from a seed.
 *
 * The isolates and the shard do here what the coalescer and the group commit do, as far as waiting depends on it.
 * Nothing fails, and a call costs time but no capacity: docs/measurements.md has what one shard takes.
 */
export function simulateLinger(load: LingerLoad): LingerFigures {
  const world: World = {
    load,
    events: new Events(),
    chance: seeded(load.seed),
    callChance: seeded(~load.seed),
    latencies: [],
    waits: [0],
    calls: 0,
  }
  const shard = new Shard(world)
  const isolates = Array.from({ length: load.isolates }, (_, sender) => new Isolate(world, sender, shard))
  const { requests } = load
  for (const isolate of isolates) {
    if (requests.kind === 'closed') isolate.ask()
    else askAtRandom(world, isolate, requests.perSecond / load.isolates)
  }
  world.events.run()
  return figuresOf(world, shard.rows)
}

type World = {
  readonly load: LingerLoad
  readonly events: Events
  /** Decides when requests come. */
  readonly chance: () => number
  /** Decides how long calls take, in the order of the calls. */
  readonly callChance: () => number
  readonly latencies: number[]
  readonly waits: number[]
  calls: number
}

type Flight = { readonly sender: number; readonly increments: number; readonly land: () => void }

/** Sends requests to an isolate as a Poisson process, until the load's time is over. */
function askAtRandom({ events, chance, load }: World, isolate: Isolate, perSecond: number): void {
  const next = () => {
    const ms = (-Math.log(1 - chance()) * 1_000) / perSecond
    if (events.nowMs + ms > load.seconds * 1_000) return
    events.after(ms, () => {
      isolate.ask()
      next()
    })
  }
  next()
}

/** One flight in the air at a time, as in the coalescer. */
class Isolate {
  readonly #world: World
  readonly #sender: number
  readonly #shard: Shard
  /** When the requests aboard the next flight came. */
  #aboard: number[] = []
  #lastAboard = 0
  #isLed = false

  constructor(world: World, sender: number, shard: Shard) {
    this.#world = world
    this.#sender = sender
    this.#shard = shard
  }

  ask(): void {
    this.#aboard.push(this.#world.events.nowMs)
    if (!this.#isLed) this.#lead()
  }

  #lead(): void {
    const { load, events, waits } = this.#world
    this.#isLed = true
    const aboard = this.#aboard.length
    const bytes = aboard * load.increments * INCREMENT_BYTES
    const { waitMs } = flightWait({ aboard, bytes, isFull: false, lastAboard: this.#lastAboard })
    waits.push(waitMs)
    if (waitMs > 0) events.after(waitMs, () => this.#fly())
    else this.#fly()
  }

  #fly(): void {
    const { load, events, callChance } = this.#world
    const askedMs = this.#aboard
    this.#aboard = []
    this.#world.calls += 1
    const backlog = hasBacklog(this.#lastAboard)
    const wayMs = (load.callMs / 2) * (0.5 + callChance())
    const land = () => events.after(wayMs, () => this.#land(askedMs))
    const flight = { sender: this.#sender, increments: askedMs.length * load.increments, land }
    events.after(wayMs, () => this.#shard.take(flight, backlog))
  }

  #land(askedMs: readonly number[]): void {
    const { load, events, latencies } = this.#world
    for (const ms of askedMs) latencies.push(events.nowMs - ms)
    this.#lastAboard = askedMs.length
    this.#isLed = false
    if (load.requests.kind === 'closed' && events.nowMs < load.seconds * 1_000) this.ask()
    else if (this.#aboard.length > 0) this.#lead()
  }
}

/** Flights that come together share a row, as in the group commit. */
class Shard {
  readonly #world: World
  #waiting: Flight[] = []
  #committedMs = Number.NEGATIVE_INFINITY
  #fromOneClient = ONE_CLIENT_FLIGHTS
  #sender: number | undefined
  rows = 0

  constructor(world: World) {
    this.#world = world
  }

  take(flight: Flight, backlog: boolean): void {
    const { events, waits } = this.#world
    const isOther = this.#sender !== undefined && this.#sender !== flight.sender
    this.#fromOneClient = countFromOneClient(this.#fromOneClient, isOther, flight.increments)
    this.#sender = flight.sender
    this.#waiting.push(flight)
    const { waitMs } = commitWait(this.#state(flight, backlog), events.nowMs)
    waits.push(waitMs)
    if (waitMs === 0) this.#commit()
    else if (this.#waiting.length === 1) {
      const begun = this.#waiting
      events.after(waitMs, () => {
        if (this.#waiting === begun) this.#commit()
      })
    }
  }

  #state({ increments }: Flight, backlog: boolean) {
    const bytes = this.#waiting.reduce((sum, each) => sum + each.increments * INCREMENT_BYTES, 0)
    return {
      lingerMs: this.#world.load.lingerMs,
      committedMs: this.#committedMs,
      fromOneClient: this.#fromOneClient,
      increments,
      hasBacklog: backlog,
      isRowFull: bytes >= FLIGHT_BYTES_MAX,
    }
  }

  #commit(): void {
    const group = this.#waiting
    this.#waiting = []
    this.#committedMs = this.#world.events.nowMs
    this.rows += 1
    for (const { land } of group) land()
  }
}

function figuresOf({ load, latencies, waits, calls }: World, rows: number): LingerFigures {
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  const increments = sorted.length * load.increments
  return {
    rows,
    calls,
    requests: sorted.length,
    medianMs: at(0.5),
    p99Ms: at(0.99),
    longestMs: at(1),
    longestWaitMs: waits.reduce((longest, ms) => Math.max(longest, ms)),
    rowsPerIncrement: rows / increments,
  }
}
