import type { FlightOutcome } from '../../src/edge/coalesce/queue.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import type { Increment } from '../support/increments.ts'
import { Delivery } from './delivery.ts'
import type { Isolate } from './isolate.ts'
import type { Request } from './request.ts'
import { Violation } from './scheduler.ts'
import type { World } from './world.ts'

/** An increment that a client wants to have counted. */
export type Wish = { readonly key: string; readonly atMs: number }

/** Only so many of the latest requests that have a name are sent again. */
const LATEST = 6

/** The clients: they send new requests, earlier ones again, and other content under names that were used. */
export class Clients {
  readonly #world: World
  /** Requests that can be sent again, because they or their increments have names. */
  readonly #named: Request[] = []
  /** Deliveries in foreign formats, which can always be sent again. */
  readonly #deliveries: Delivery[] = []

  constructor(world: World) {
    this.#world = world
  }

  /**
   * Sends a request for all of these. An increment that is too late or too early for its hour is left out, as if it
   * was refused.
   *
   * @param names how often a request has a name, and how often each of its increments has one when the request has
   * none.
   */
  ask(isolate: Isolate, wishes: readonly Wish[], names = { whole: 0.25, each: 0.4 }): void {
    const { chance, book } = this.#world
    const isNamedWhole = chance.is(names.whole)
    const increments = wishes.flatMap(({ key, atMs }) => {
      const hour = isolate.openHour(atMs)
      if (hour === undefined || !book.hasRoom(key, hour)) return []
      return [book.increment(key, hour, !isNamedWhole && chance.is(names.each) ? chance.uuid() : undefined)]
    })
    this.#send(isolate, isNamedWhole ? named(chance.uuid(), increments) : { increments })
  }

  /** Sends a delivery in a foreign format: many increments, often of several hours. */
  deliver(isolate: Isolate, wishes: readonly Wish[]): void {
    const { chance, book } = this.#world
    const increments = wishes.flatMap(({ key, atMs }) => {
      const hour = isolate.openHour(atMs)
      return hour === undefined || !book.hasRoom(key, hour) ? [] : [book.increment(key, hour, undefined)]
    })
    if (increments.length === 0) return
    const delivery = new Delivery({ digest: chance.uuid(), parts: chance.pick([1, 1, 2, 4]) }, increments)
    this.#deliveries.push(delivery)
    isolate.deliver(delivery).catch((error: unknown) => this.#world.fail(error))
  }

  /** Sends some of the latest again, however they ended, and all at the same moment so that they share flights. */
  askAgain(isolate: Isolate): void {
    const { chance } = this.#world
    const again = this.#named.slice(-LATEST).filter(() => chance.is(0.3))
    for (const request of again) this.#send(isolate, request)
    for (const delivery of this.#deliveries.slice(-LATEST)) {
      if (chance.is(0.3)) isolate.deliver(delivery).catch((error: unknown) => this.#world.fail(error))
    }
  }

  /** Sends other content under the names of one of the latest requests. */
  contradict(isolate: Isolate): void {
    const { chance, book } = this.#world
    const latest = this.#named.slice(-LATEST)
    if (latest.length === 0) return
    const { increments, name } = chance.pick(latest)
    const others = increments.flatMap(({ key, hour, id }) =>
      book.hasRoom(key, hour) && chance.is(0.8) ? [book.increment(key, hour, id)] : [],
    )
    this.#send(isolate, name === undefined ? { increments: others } : named(name.key, others))
  }

  /**
   * Sends everything again that has a name. No faults are left by now, so each request must hear how it ended. [I3]
   */
  async askForAll(): Promise<void> {
    const { chance, isolates } = this.#world
    for (const request of [...this.#named]) {
      this.#checkTold(chance.pick(isolates).send(request))
      await this.#world.pass(100)
    }
    for (const delivery of this.#deliveries) {
      this.#checkTold(chance.pick(isolates).deliver(delivery))
      await this.#world.pass(100)
    }
    await this.#world.pass(1_000)
  }

  #checkTold(outcomes: Promise<readonly FlightOutcome[]>): void {
    outcomes
      .then((all) => {
        // A shard remembers a bounded number of senders, so it may have no room although nothing is at fault.
        const lost = all.find((l) => l.kind !== 'accepted' && !(l.kind === 'refused' && l.reason === 'full'))
        if (lost !== undefined)
          throw new Violation(`[I3] without faults, the answer is ${JSON.stringify(lost)}`)
      })
      .catch((error: unknown) => this.#world.fail(error))
  }

  #send(isolate: Isolate, request: Request): void {
    if (request.increments.length === 0) return
    const again = request.name === undefined ? request.increments.filter(hasId) : request.increments
    if (again.length > 0 && !this.#named.includes(request))
      this.#named.push({ ...request, increments: again })
    isolate.send(request).catch((error: unknown) => this.#world.fail(error))
  }
}

function hasId({ id }: Increment): boolean {
  return id !== undefined
}

/** Names a request. Equal increments make equal content, as in src/edge/ingest/ingest.ts. */
function named(key: string, increments: readonly Increment[]): Request {
  const lines = increments
    .map((each) => `${each.key}${labelsText(each.labels)} ${each.value} ${each.hour}`)
    .sort()
  return { increments, name: { token: 'client', key, content: lines.join('\n') } }
}
