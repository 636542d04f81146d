import type { MergeAnswer } from '../../src/model/flight.ts'
import { Violation } from './scheduler.ts'
import type { ShardHost } from './shard-host.ts'
import { replayed } from './watch.ts'
import type { World } from './world.ts'

type Named = { readonly name: readonly [sender: string, n: number]; readonly cells: readonly unknown[][] }

/**
 * Remembers the first answer to each flight, and compares the later ones with it. [I4]
 *
 * An answer counts once everything written before it is durable, whether or not anybody has heard it. An answer whose
 * writes were rolled back does not count.
 */
export class Answers {
  readonly #world: World
  readonly #first = new Map<string, string>()
  /** The last n of each sender of which each shard has taken something. */
  readonly #last = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  given(host: ShardHost, encoded: string, answer: MergeAnswer): void {
    if (!this.#world.isExact) return
    const flight: Named = JSON.parse(encoded)
    host.storage.whenDurable(() => {
      if (answer.kind === 'refused') this.#refused(host.name, flight, answer.reason)
      else this.#accepted(host.name, flight, answer)
    })
  }

  /**
   * The shard threw, so there is no answer. But a fold may have failed after the flight was journaled, so storage says
   * whether the flight was taken.
   */
  threw(host: ShardHost, encoded: string): void {
    const [sender, n]: Named['name'] = JSON.parse(encoded).name
    if (!this.#world.isExact || replayed(host.storage).nameStatus({ sender, n }) !== 'known') return
    host.storage.whenDurable(() => this.#last.set(`${host.name} ${sender}`, n))
  }

  /**
   * Checks a refusal. The flight that was the last to be taken from its sender is known to the shard, whatever bounds
   * are reached since, so it must not be refused. And a shard closes long after every edge, later than any copy of a
   * flight arrives. [I3]
   */
  #refused(shard: string, { name: [sender, n] }: Named, reason: string): void {
    if (reason === 'closed') this.#fail(`[I3] ${shard} has closed before the edge`)
    if (this.#last.get(`${shard} ${sender}`) !== n) return
    this.#fail(`[I4] ${shard} has taken flight ${n} of ${sender}, and refuses it: ${reason}`)
  }

  #accepted(shard: string, flight: Named, answer: Extract<MergeAnswer, { kind: 'accepted' }>): void {
    const [sender, n] = flight.name
    const flightName = `${shard} ${sender} ${n}`
    const text = JSON.stringify(answer)
    const first = this.#first.get(flightName) ?? text
    if (first !== text) this.#fail(`[I4] flight ${flightName} was answered ${first}, and then ${text}`)
    this.#first.set(flightName, first)
    // A flight of nothing but duplicates leaves no trace; when it comes again it is judged again, with the same result.
    const isTaken = flight.cells[0]?.length !== 0 || answer.named?.includes('accepted') === true
    if (isTaken) this.#last.set(`${shard} ${sender}`, n)
  }

  #fail(message: string): void {
    this.#world.fail(new Violation(message))
  }
}
