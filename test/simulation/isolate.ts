import { Coalescer } from '../../src/edge/coalescer.ts'
import { readCounters } from '../../src/edge/counters.ts'
import type { Landing } from '../../src/edge/line.ts'
import { splitByShard } from '../../src/edge/route.ts'
import { within } from '../../src/edge/within.ts'
import { READ_MS_MAX } from '../../src/limits.ts'
import type { Clock } from '../../src/model/clock.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, hourOf, parseHour } from '../../src/model/hour.ts'
import { edgeClosesMs } from '../../src/model/increment.ts'
import { UTC } from '../../src/model/zone.ts'
import type { Entry } from './book.ts'
import { clockOf } from './instance-clock.ts'
import { askUnsettled, sendFlight } from './network.ts'
import { readerOf } from './postgres-link.ts'
import { placeOf } from './postgres-model.ts'
import { Violation } from './scheduler.ts'
import type { World } from './world.ts'

/** What a client asks to have counted. */
export type Wish = { readonly key: string; readonly atMs: number }

/** An isolate of the Worker: the production coalescer and reads. */
export class Isolate {
  readonly #world: World
  readonly #clock: Clock
  readonly #coalescer: Coalescer
  #isAlive = true

  constructor(world: World) {
    this.#world = world
    const skewMs = world.faults.has('clocksDiffer') ? world.chance.between(-5_000, 5_000) : 0
    this.#clock = clockOf(world, skewMs, () => this.#isAlive)
    this.#coalescer = new Coalescer({
      send: (shard, flight) => this.#whileAlive(sendFlight(world, shard, flight)),
      clock: this.#clock,
      lingerMs: world.lingerMs,
    })
  }

  /** Its requests are never answered. What it has sent is under way. */
  die(): void {
    this.#isAlive = false
  }

  /** A request for all of these. One that is too late or too early for its hour is left out, as if it was refused. */
  request(wishes: readonly Wish[]): void {
    const { book } = this.#world
    const entries = wishes.flatMap(({ key, atMs }) => {
      const hour = hourOf(atMs)
      return this.#isOpen(hour) && book.hasRoom(key, hour) ? [book.add(key, hour, this.#id())] : []
    })
    this.#send(entries)
  }

  /** The same again under the same ids. */
  resend(entries: readonly Entry[]): void {
    const open = entries.filter(({ hour }) => this.#isOpen(hour))
    for (const entry of open) {
      entry.requests += 1
      if (entry.fate === 'refused') entry.fate = 'sent'
    }
    this.#send(open)
  }

  #id(): string | null {
    return this.#world.chance.is(0.4) ? this.#world.chance.uuid() : null
  }

  #send(entries: readonly Entry[]): void {
    for (const { shard, cells, indexes, named, namedIndexes } of splitByShard(entries, this.#world.shards)) {
      const unnamed = indexes.flatMap((i) => entries[i] ?? [])
      const withId = namedIndexes.flat().flatMap((i) => entries[i] ?? [])
      const aboard = [...unnamed, ...withId]
      this.#world.scheduler.note(`request for ${shard}: ${aboard.map(nameOf).join(', ')}`)
      this.#coalescer
        .submit(shard, cells, () => {}, named)
        .then((landing) => {
          for (const entry of unnamed) entry.fate = landing.kind
          for (const [i, entry] of withId.entries()) learn(entry, landing, i)
          this.#world.scheduler.note(`answer ${JSON.stringify(landing)}: ${aboard.map(nameOf).join(', ')}`)
        })
        .catch((error: unknown) => this.#world.fail(error))
    }
  }

  #isOpen(hour: Hour): boolean {
    return this.#clock.now() < edgeClosesMs(hour, this.#world.lateHours)
  }

  /** A fresh read of the last hours, held against what was acknowledged before it began. [R1] */
  async read(key: string): Promise<void> {
    const { shards, book, isExact } = this.#world
    const nowMs = this.#clock.now()
    const [from, to] = [addHours(hourOf(nowMs), -2), addHours(hourOf(nowMs), 2)]
    const known = new Map<Hour, readonly Entry[]>()
    for (let hour = from; hour < to; hour = addHours(hour, 1)) known.set(hour, book.acknowledged(key, hour))
    const answers = await readCounters(
      { keys: [key], range: { from, to }, unit: 'hour', zone: UTC, freshHours: 1 },
      { readCommitted: this.#reader(), askUnsettled: this.#asker(), shards, nowMs },
    )
    if ('kind' in answers || !isExact) return
    const [answer = never('a read answers for its key')] = answers
    const freshFrom = hourOfStart(answer.freshFrom)
    for (const bucket of answer.buckets) {
      const hour = hourOfStart(bucket.start)
      const place = placeOf(key, hour)
      book.checkNoneTwice(place, bucket)
      if (hour >= freshFrom) book.checkAllOf(known.get(hour) ?? [], place, bucket, '[R1] in a fresh read')
    }
    this.#world.reads += 1
  }

  #reader() {
    const read = readerOf(this.#world)
    return (query: Parameters<typeof read>[0]) => this.#patiently(read(query))
  }

  #asker() {
    return (shard: string, keys: readonly string[]) => this.#patiently(askUnsettled(this.#world, shard, keys))
  }

  #patiently<T>(work: Promise<T>): Promise<T> {
    return within(this.#clock, READ_MS_MAX, this.#whileAlive(work))
  }

  #whileAlive<T>(work: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    work.then(
      (value) => {
        if (this.#isAlive) resolve(value)
      },
      (error: unknown) => {
        if (this.#isAlive) reject(error)
      },
    )
    return promise
  }
}

/** Of an increment that may have been sent more than once, each answer tells but of its own request. */
function learn(entry: Entry, landing: Landing, i: number): void {
  if (entry.fate === 'accepted') return
  if (landing.kind !== 'accepted') {
    entry.fate = landing.kind === 'refused' && entry.requests === 1 ? 'refused' : 'unknown'
    return
  }
  const result = landing.named?.[i]
  if (result !== 'accepted' && result !== 'duplicate')
    throw new Violation(`[I3] ${nameOf(entry)} is a ${result}`)
  entry.fate = 'accepted'
}

function nameOf({ key, value }: Entry): string {
  return `${key}#${Math.log2(value) / 2}`
}

function never(message: string): never {
  throw new Violation(message)
}

/** Of the form in answers. */
function hourOfStart(text: string | null): Hour {
  const hour = parseHour(`${text?.slice(0, 13)}Z`)
  if (hour === undefined) throw new Violation(`[R2] ${text} is not the start of an hour`)
  return hour
}
