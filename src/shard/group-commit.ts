import type { Clock } from '../clock.ts'
import { ONE_CLIENT_FLIGHTS } from '../limits.ts'
import { must } from '../model/assert.ts'
import type { MergeAnswer } from '../model/flight.ts'
import { commitWait, countFromOneClient } from '../model/linger.ts'
import type { Arrival } from './arrival.ts'

export type GroupCommitServices = {
  readonly clock: Pick<Clock, 'now' | 'after'>
  /** The time, in ms, in which flights that carry little share one row. */
  readonly lingerMs: number
  /** The most bytes that a row of the journal holds. */
  readonly rowBytes: number
  /** Journals flights of distinct senders together. @returns their answers, in the order of the flights. */
  readonly commit: (arrivals: readonly Arrival[]) => readonly MergeAnswer[]
}

type Waiting = {
  readonly arrival: Arrival
  readonly resolve: (answer: MergeAnswer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: flights that come at about the same time share one row of the journal, because rows are what journaling
 * costs. No flight is answered before its row is written. [I1]
 *
 * `commitWait` decides how long a flight waits. While flights wait here, the next flights of their isolates gather more.
 *
 * At most one flight of a sender waits, so that no flight changes what another is answered: when a sender's next flight
 * comes, or the same flight again, the ones that wait are journaled first.
 */
export class GroupCommit {
  readonly #services: GroupCommitServices
  #waiting: Waiting[] = []
  /** Bytes of the flights that wait. */
  #bytes = 0
  #committedMs = Number.NEGATIVE_INFINITY
  #fromOneClient = ONE_CLIENT_FLIGHTS
  /** Who sent the last flight. */
  #sender: string | undefined

  constructor(services: GroupCommitServices) {
    this.#services = services
  }

  /**
   * Journals a flight, together with others if it may wait for them. Rejects when the row could not be written.
   *
   * @param hasBacklog whether many requests of the flight's isolate share its flights.
   */
  take(arrival: Arrival, hasBacklog = false): Promise<MergeAnswer> {
    const { increments } = arrival
    const { sender } = arrival.name
    const isOther = this.#sender !== undefined && this.#sender !== sender
    this.#fromOneClient = countFromOneClient(this.#fromOneClient, isOther, increments)
    this.#sender = sender
    if (this.#waiting.some((each) => each.arrival.name.sender === sender)) this.#commit()
    const answer = this.#join(arrival)
    const waitMs = this.#waitMs(increments, hasBacklog)
    if (waitMs === 0) this.#commit()
    else if (this.#waiting.length === 1) this.#commitIn(waitMs)
    return answer
  }

  #waitMs(increments: number, hasBacklog: boolean): number {
    const { clock, lingerMs, rowBytes } = this.#services
    const state = {
      lingerMs,
      committedMs: this.#committedMs,
      fromOneClient: this.#fromOneClient,
      increments,
      hasBacklog,
      isRowFull: this.#bytes >= rowBytes,
    }
    return commitWait(state, clock.now()).waitMs
  }

  #join(arrival: Arrival): Promise<MergeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<MergeAnswer>()
    this.#waiting.push({ arrival, resolve, reject })
    this.#bytes += arrival.bytes
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
      const answers = this.#services.commit(group.map(({ arrival }) => arrival))
      for (const [i, { resolve }] of group.entries()) resolve(answerAt(answers, i))
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }
}

function answerAt(answers: readonly MergeAnswer[], i: number): MergeAnswer {
  return must(answers[i], 'the answer to a flight')
}
