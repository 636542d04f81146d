import { type Batch, halvesOf, restOf } from './batch.ts'
import type { GiveUpKind } from './give-up.ts'
import type { Held } from './increment.ts'
import { type Judgement, judge, unknownOf } from './judge.ts'
import { RETRY_MS } from './limits.ts'
import type { Answer, Post } from './post.ts'
import type { Timing } from './timing.ts'

/** What a delivery needs of the world. */
export type Link = {
  readonly post: Post
  readonly timing: Timing
  /** Fired: nothing more is sent, and what is not settled is given up. */
  readonly stop: AbortSignal
  readonly acknowledge: (items: readonly Held[]) => void
  readonly giveUp: (items: readonly Held[], kind: GiveUpKind, detail: string) => void
  /** It will be sent again, after so many failures in a row. */
  readonly onRetry: (reason: string, failures: number) => void
}

/**
 * Sends a batch until each of its increments is acknowledged or given up. The same bytes under the same name, so that
 * the server counts them once however often they arrive. [I3]
 */
export class Delivery {
  /** Resolves when it is settled; never rejects. */
  readonly done: Promise<void>
  readonly #link: Link
  /** What is not settled, in parts that were cut from one batch. The last is being sent, or waits to be sent again. */
  #parts: Batch[]
  #failures = 0
  /** Requests under way that outlive the page. */
  #outliving = 0
  #finish: () => void = () => undefined

  constructor(batch: Batch, link: Link) {
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
   * The page may be about to go, and takes its requests with it: sends the same once more beside, in requests that
   * outlive it, as far as the browser lets it. Nobody heeds the answers, so it may have been counted.
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

  async #post(batch: Batch, outlivesPage: boolean): Promise<Answer> {
    if (!outlivesPage) return this.#link.post.send(batch, false)
    this.#outliving += 1
    const answer = await this.#link.post.send(batch, true)
    this.#outliving -= 1
    return answer
  }

  /** Never rejects: whatever an answer is, a delivery goes on until it is settled. */
  async #ask(batch: Batch, outlivesPage: boolean): Promise<Judgement> {
    const size = batch.items.length
    const answer = await this.#post(batch, outlivesPage)
    try {
      return judge(answer, size, this.#link.timing.now())
    } catch {
      return unknownOf(size, 'an answer that nobody can read', null)
    }
  }

  /** Sends the last part once, and puts into its place what is left of it. */
  async #send(part: Batch, outlivesPage: boolean): Promise<void> {
    const { stop, giveUp } = this.#link
    if (stop.aborted) {
      giveUp(part.items, 'closed', 'closed before it was acknowledged')
      this.#parts.pop()
      return
    }
    const judgement = await this.#ask(part, outlivesPage)
    // It may have come into doubt meanwhile.
    const sent = this.#parts.pop() ?? part
    if (judgement.kind === 'again') await this.#again(sent, judgement)
    else this.#parts.push(...this.#settle(sent, judgement).filter(({ items }) => items.length > 0))
  }

  /** @returns what is left to be sent, in parts. */
  #settle(batch: Batch, judgement: Exclude<Judgement, { kind: 'again' }>): readonly Batch[] {
    const { timing, giveUp } = this.#link
    this.#failures = 0
    switch (judgement.kind) {
      case 'counted':
        return this.#count(batch, judgement.conflicts)
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
   * A conflict of a rest: its name stands for more items, these among them, which were counted by an earlier try.
   * Any other: somebody else has used the name for other content.
   */
  #count({ items, name, isRest }: Batch, conflicts: ReadonlySet<number>): [] {
    const { acknowledge, giveUp } = this.#link
    const isCounted = (index: number) => !conflicts.has(index) || (name !== null && isRest)
    acknowledge(items.filter((_, index) => isCounted(index)))
    const lost = items.filter((_, index) => !isCounted(index))
    if (lost.length > 0) giveUp(lost, 'conflict', 'its id was counted before with other content')
    return []
  }

  async #again(
    batch: Batch,
    { refused, unknown, retryAfterMs, reason }: Extract<Judgement, { kind: 'again' }>,
  ): Promise<void> {
    const { timing, onRetry } = this.#link
    for (const [index, item] of batch.items.entries()) {
      if (unknown.has(index)) doubtItem(item)
      // Beside an unknown one a conflict is not named; of a name of ours there is none.
      else if (!refused.has(index)) item.fate = batch.name === null ? 'doubted' : 'counted'
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

function doubtItem(item: Held): void {
  if (item.fate === 'uncounted') item.fate = 'doubted'
}

/** Doubled with each failure, and spread over its upper half so that those who failed together do not return together. */
function backoffMs(failures: number, chance: number): number {
  const full = Math.min(RETRY_MS.maxMs, RETRY_MS.minMs * 2 ** Math.min(failures - 1, 30))
  return Math.round(full / 2 + (full / 2) * chance)
}
