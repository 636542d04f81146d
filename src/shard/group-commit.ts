import type { Clock } from '../clock.ts'
import { CROWDED_FLIGHT, FLIGHT_BYTES_MAX, LONELY_FLIGHTS_MAX } from '../limits.ts'
import { countIncrements } from '../model/accumulator.ts'
import type { MergeAnswer } from '../model/flight.ts'
import type { Incoming } from './merge.ts'

export type GroupServices = {
  readonly clock: Pick<Clock, 'now' | 'after'>
  /** In which flights that carry little share a row, in ms. */
  readonly lingerMs: number
  /** Journals flights of distinct senders together. @returns their answers, in their order. */
  readonly commit: (flights: readonly Incoming[]) => readonly MergeAnswer[]
}

type Waiting = {
  readonly incoming: Incoming
  readonly resolve: (answer: MergeAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: flights that come at about the same time share a row of the journal, which is what journaling costs. None
 * is answered before that row is written. [I1]
 *
 * Flights that carry little have one row in each linger: who comes sooner after the last waits for the next. While they
 * wait, the next flights of their isolates gather more. A lone client, whose flights carry one increment each, never
 * waits, for nobody would come.
 *
 * At most one flight of a sender waits, so that none changes what another is answered: a further one, or the same again,
 * ends the wait. One with named entries never waits, for its rows are its own.
 */
export class GroupCommit {
  readonly #services: GroupServices
  #waiting: Waiting[] = []
  #bytes = 0
  #committedMs = Number.NEGATIVE_INFINITY
  /** Flights in a row that carried one increment, all of this sender. */
  #lonely = LONELY_FLIGHTS_MAX
  #sender: string | undefined

  constructor(services: GroupServices) {
    this.#services = services
  }

  /**
   * Rejects when it could not be journaled.
   *
   * @param isCrowded whether many wait behind it: they would share a flight, and wait for this one alone.
   */
  take(incoming: Incoming, isCrowded = false): Promise<MergeAnswer> {
    const { sender } = incoming.name
    const increments = countIncrements(incoming.flight.cells)
    this.#note(sender, increments)
    if (this.#waiting.some((each) => each.incoming.name.sender === sender)) this.#commit()
    if (incoming.flight.named !== undefined) return this.#commitAlone(incoming)
    const answer = this.#join(incoming)
    const waitMs = isCrowded || increments >= CROWDED_FLIGHT ? 0 : this.#waitMs()
    if (waitMs <= 0) this.#commit()
    else if (this.#waiting.length === 1) this.#commitIn(waitMs)
    return answer
  }

  #note(sender: string, increments: number): void {
    const isOther = this.#sender !== undefined && this.#sender !== sender
    this.#lonely = isOther || increments > 1 ? 0 : this.#lonely + 1
    this.#sender = sender
  }

  /** How long those that have come may wait for others. */
  #waitMs(): number {
    if (this.#lonely >= LONELY_FLIGHTS_MAX || this.#bytes >= FLIGHT_BYTES_MAX) return 0
    const { clock, lingerMs } = this.#services
    // A clock that was put back must not make it longer.
    return Math.min(lingerMs, this.#committedMs + lingerMs - clock.now())
  }

  async #commitAlone(incoming: Incoming): Promise<MergeAnswer> {
    return answerAt(this.#services.commit([incoming]), 0)
  }

  #join(incoming: Incoming): Promise<MergeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<MergeAnswer>()
    this.#waiting.push({ incoming, resolve, reject })
    this.#bytes += incoming.encoded.length
    return promise
  }

  #commitIn(ms: number): void {
    const begun = this.#waiting
    this.#services.clock.after(ms, () => {
      if (this.#waiting === begun) this.#commit()
    })
  }

  #commit(): void {
    const group = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    this.#committedMs = this.#services.clock.now()
    try {
      const answers = this.#services.commit(group.map(({ incoming }) => incoming))
      for (const [i, { resolve }] of group.entries()) resolve(answerAt(answers, i))
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
}

function answerAt(answers: readonly MergeAnswer[], i: number): MergeAnswer {
  const answer = answers[i]
  if (answer === undefined) throw new Error('a flight was left without an answer')
  return answer
}
