import { halvesOf, type RequestBatch, restOf } from './batch.ts'
import type { GiveUpKind } from './give-up.ts'
import type { Outgoing } from './increment.ts'
import { type Judgement, judge, unknownOf } from './judge.ts'
import { RETRY_MS } from './limits.ts'
import type { Post, PostAnswer } from './post.ts'
import type { Timing } from './timing.ts'

/** Everything outside of a delivery that it uses. */
export type DeliveryLink<Item extends Outgoing> = {
  readonly post: Post
  readonly timing: Timing
  /** Once it fires, nothing more is sent, and everything that is not settled is given up. */
  readonly stop: AbortSignal
  /**
   * @param before how many of them had been counted before this delivery began; 0 when one of its own tries may have
   *   counted them
   */
  readonly acknowledge: (items: readonly Item[], before: number) => void
  readonly giveUp: (items: readonly Item[], kind: GiveUpKind, detail: string) => void
  /** A request failed and will be sent again, after this many failures in a row. */
  readonly onRetry: (reason: string, failures: number) => void
}

/**
 * Sends a batch until each of its increments is acknowledged or given up. It sends the same bytes under the same name, so
 * that the server counts them once however often they arrive. [I3]
 */
export class Delivery<Item extends Outgoing> {
  /** Resolves when every increment is settled; never rejects. */
  readonly done: Promise<void>
  readonly #link: DeliveryLink<Item>
  /** Everything that is not settled, in parts that were cut from one batch. The last part is being sent, or waits for a retry. */
  #parts: RequestBatch<Item>[]
  #failures = 0
  /** Requests under way that outlive the page. */
  #outliving = 0
  #finish: () => void = () => undefined

  constructor(batch: RequestBatch<Item>, link: DeliveryLink<Item>) {
    this.#parts = [batch]
    this.#link = link
    this.done = new Promise((resolve) => {
      this.#finish = resolve
    })
  }

  /** The first request has left when this returns its promise. */
  async run(outlivesPage: boolean): Promise<void> {
    let outlives = outlivesPage
    for (let part = this.#parts.at(-1); part !== undefined; part = this.#parts.at(-1)) {
      await this.#send(part, outlives)
      outlives = false
    }
    this.#finish()
  }

  /**
   * Sends the parts once more, in requests that outlive the page, as far as the browser allows: the page may be about to
   * go, and takes its own requests with it. Nobody reads the answers, so the parts may have been counted.
   *
   * @returns how many requests it took, at most `max`.
   */
  sendBeside(max: number): number {
    if (this.#outliving > 0) return 0
    let sent = 0
    this.#parts = this.#parts.map((part) => {
      if (sent >= max || !this.#link.post.canOutlive(part)) return part
      sent += 1
      for (const item of part.items) doubtItem(item)
      const doubted = { ...part, isDoubted: true }
      void this.#post(doubted, true)
      return doubted
    })
    return sent
  }

  async #post(batch: RequestBatch<Item>, outlivesPage: boolean): Promise<PostAnswer> {
    if (!outlivesPage) return this.#link.post.send(batch, false)
    this.#outliving += 1
    const answer = await this.#link.post.send(batch, true)
    this.#outliving -= 1
    return answer
  }

  /** Never rejects: whatever an answer is, a delivery goes on until it is settled. */
  async #ask(batch: RequestBatch<Item>, outlivesPage: boolean): Promise<Judgement> {
    const size = batch.items.length
    const answer = await this.#post(batch, outlivesPage)
    try {
      return judge(answer, size, this.#link.timing.now())
    } catch {
      return unknownOf(size, 'an answer that nobody can read', null)
    }
  }

  /** Sends the last part once, and replaces it by the parts that are left to be sent. */
  async #send(part: RequestBatch<Item>, outlivesPage: boolean): Promise<void> {
    const { stop, giveUp } = this.#link
    if (stop.aborted) {
      giveUp(part.items, 'closed', 'closed before it was acknowledged')
      this.#parts.pop()
      return
    }
    const judgement = await this.#ask(part, outlivesPage)
    // Not `part`: sendBeside may have put a doubted one into its place meanwhile.
    const sent = this.#parts.pop() ?? part
    if (judgement.kind === 'again') await this.#again(sent, judgement)
    else this.#parts.push(...this.#settle(sent, judgement).filter(({ items }) => items.length > 0))
  }

  /** @returns the parts that are left to be sent. */
  #settle(
    batch: RequestBatch<Item>,
    judgement: Exclude<Judgement, { kind: 'again' }>,
  ): readonly RequestBatch<Item>[] {
    const { timing, giveUp } = this.#link
    this.#failures = 0
    switch (judgement.kind) {
      case 'counted':
        return this.#count(batch, judgement)
      case 'bad-items': {
        const { reasons } = judgement
        const bad = new Set(batch.items.filter((_, index) => reasons.has(index)))
        batch.items.forEach((item, index) => {
          const reason = reasons.get(index)
          if (reason !== undefined) giveUp([item], 'refused', reason)
        })
        return [restOf(batch, (item) => !bad.has(item), timing.newName)]
      }
      case 'bad-request':
        giveUp(batch.items, 'refused', judgement.reason)
        return []
      case 'too-large': {
        const halves = halvesOf(batch, timing.newName)
        if (halves === undefined) giveUp(batch.items, 'refused', judgement.reason)
        return halves ?? []
      }
    }
  }

  /**
   * When a rest is in conflict, its name stands for more items, these among them: an earlier try of this delivery counted
   * them. That does not hold for a derived name, which an earlier process may have sent with other items. In every other
   * conflict somebody else has used the name for other content.
   */
  #count(batch: RequestBatch<Item>, { duplicates, conflicts }: Extract<Judgement, { kind: 'counted' }>): [] {
    const { acknowledge, giveUp } = this.#link
    const { items, name, isRest, isDerived, isDoubted } = batch
    const isCounted = (index: number) => !conflicts.has(index) || (name !== null && isRest && !isDerived)
    const counted = items.filter((_, index) => isCounted(index))
    if (counted.length > 0) acknowledge(counted, isDoubted ? 0 : duplicates)
    const lost = items.filter((_, index) => !isCounted(index))
    if (lost.length > 0) giveUp(lost, 'conflict', 'its id was counted before with other content')
    return []
  }

  async #again(
    batch: RequestBatch<Item>,
    { refused, unknown, retryAfterMs, reason }: Extract<Judgement, { kind: 'again' }>,
  ): Promise<void> {
    const { timing, onRetry } = this.#link
    // An answer that leaves items open does not say which of the others are in conflict. A name that this client alone
    // uses is in conflict with nothing, so the others were counted.
    const isSure = batch.name !== null && !batch.isDerived
    for (const [index, item] of batch.items.entries()) {
      if (unknown.has(index)) doubtItem(item)
      else if (!refused.has(index)) item.certainty = isSure ? 'counted' : 'doubted'
    }
    const isDoubted = batch.isDoubted || refused.size < batch.items.length
    this.#parts.push({ ...batch, isDoubted })
    this.#failures += 1
    onRetry(reason, this.#failures)
    await this.#wait(Math.max(retryAfterMs ?? 0, backoffMs(this.#failures, timing.random())))
  }

  #wait(ms: number): Promise<void> {
    const { timing, stop } = this.#link
    return new Promise((resolve) => {
      if (stop.aborted) return resolve()
      const wake = () => {
        cancel()
        stop.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = timing.after(ms, wake)
      stop.addEventListener('abort', wake)
    })
  }
}

function doubtItem(item: Outgoing): void {
  if (item.certainty === 'uncounted') item.certainty = 'doubted'
}

/** Doubled with each failure, and spread over its upper half so that those who failed together do not return together. */
function backoffMs(failures: number, chance: number): number {
  const full = Math.min(RETRY_MS.maxMs, RETRY_MS.minMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(full / 2 + (full / 2) * chance)
}
