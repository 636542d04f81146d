import { Coalescer } from '../../src/edge/coalescer.ts'
import { readCounter } from '../../src/edge/counters.ts'
import type { Landing } from '../../src/edge/line.ts'
import type { Part, RequestName } from '../../src/edge/route.ts'
import { splitByShard } from '../../src/edge/route.ts'
import { within } from '../../src/edge/within.ts'
import { READ_MS_MAX } from '../../src/limits.ts'
import type { Clock } from '../../src/model/clock.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, hourOf, parseHour } from '../../src/model/hour.ts'
import type { Increment } from '../../src/model/increment.ts'
import { edgeClosesMs } from '../../src/model/increment.ts'
import type { Book } from './book.ts'
import type { Entry } from './entry.ts'
import { learn, nameOf } from './entry.ts'
import { clockOf } from './instance-clock.ts'
import { askUnsettled, sendFlight } from './network.ts'
import { readerOf } from './postgres-link.ts'
import { placeOf } from './postgres-model.ts'
import { Violation } from './scheduler.ts'
import type { World } from './world.ts'

/** What a client sends at once; `name` when it has an Idempotency-Key. */
export type Request = { readonly increments: readonly Increment[]; readonly name?: RequestName }

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

  /** The hour that an increment of this time counts in; undefined when it is closed. */
  openHour(atMs: number): Hour | undefined {
    const hour = hourOf(atMs)
    return this.#isOpen(hour) ? hour : undefined
  }

  #isOpen(hour: Hour): boolean {
    return this.#clock.now() < edgeClosesMs(hour, this.#world.lateHours)
  }

  /** `POST /increment`, once it is read. It is validated whole: with one closed hour in it, nothing is sent. [I2] */
  async send(request: Request): Promise<Landing[]> {
    if (!request.increments.every(({ hour }) => this.#isOpen(hour))) return []
    const parts = splitByShard(request.increments, this.#world.shards, request.name)
    return Promise.all(parts.map((part) => this.#submit(part, aboard(this.#world.book, part, request))))
  }

  async #submit({ shard, cells, named }: Part, entries: Aboard): Promise<Landing> {
    const { scheduler, isExact } = this.#world
    const names = [...entries.unnamed, ...entries.named].map(nameOf).join(', ')
    scheduler.note(`request for ${shard}: ${names}`)
    const landing = await this.#coalescer.submit(shard, cells, () => {}, named)
    scheduler.note(`answer ${JSON.stringify(landing)}: ${names}`)
    if (isExact) learnAll(entries, landing)
    return landing
  }

  /** A fresh read of the last hours, held against what was acknowledged before it began. [R1] */
  async read(key: string): Promise<void> {
    const { shards, book, isExact } = this.#world
    const nowMs = this.#clock.now()
    const [from, to] = [addHours(hourOf(nowMs), -2), addHours(hourOf(nowMs), 2)]
    // Of what is discarded meanwhile, it may show what was before or what is after.
    const [due, discarded] = [new Map<Hour, readonly Increment[]>(), new Map<Hour, readonly Increment[]>()]
    for (let hour = from; hour < to; hour = addHours(hour, 1)) {
      due.set(hour, book.due(placeOf(key, hour)))
      discarded.set(hour, book.discarded(placeOf(key, hour)))
    }
    const answer = await readCounter(
      { key, from, to, isFresh: true },
      { readCommitted: this.#reader(), askUnsettled: this.#asker(), shards, nowMs },
    )
    if ('kind' in answer || !isExact) return
    const freshFrom = hourOfStart(answer.freshFrom)
    for (const bucket of answer.buckets) {
      const hour = hourOfStart(bucket.start)
      const place = placeOf(key, hour)
      book.checkNoneTwice(place, bucket)
      book.checkNoneOf(discarded.get(hour) ?? [], place, bucket)
      if (hour >= freshFrom) book.checkAllOf(due.get(hour) ?? [], place, bucket, '[R1] in a fresh read')
    }
    this.#world.reads += 1
  }

  #reader() {
    const read = readerOf(this.#world)
    return (query: Parameters<typeof read>[0]) => this.#patiently(read(query))
  }

  #asker() {
    return (shard: string, key: string) => this.#patiently(askUnsettled(this.#world, shard, key))
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

/** The book's entries in one part of a request. */
type Aboard = { readonly unnamed: readonly Entry[]; readonly named: readonly Entry[] }

function aboard(book: Book, part: Part, { increments, name }: Request): Aboard {
  const those = (indexes: readonly number[] | undefined) => indexes?.flatMap((i) => increments[i] ?? []) ?? []
  const named = part.named.map(({ id, content }, j) => {
    const own = those(part.namedIndexes[j])
    const scope = name === undefined ? own.map(({ key, hour }) => placeOf(key, hour)).join() : part.shard
    return book.enter(`${scope} ${id}`, content, own)
  })
  const unnamed = part.indexes.length === 0 ? [] : [book.enter(undefined, '', those(part.indexes))]
  return { unnamed, named }
}

function learnAll({ unnamed, named }: Aboard, landing: Landing): void {
  for (const entry of unnamed) learn(entry, landing.kind)
  for (const [i, entry] of named.entries()) {
    const heard = landing.kind === 'accepted' ? landing.named?.[i] : landing.kind
    if (heard === undefined) throw new Violation(`[I3] ${nameOf(entry)} is not answered`)
    learn(entry, heard)
  }
}

/** Of the form in answers. */
function hourOfStart(text: string | null): Hour {
  const hour = parseHour(`${text?.slice(0, 13)}Z`)
  if (hour === undefined) throw new Violation(`[R2] ${text} is not the start of an hour`)
  return hour
}
