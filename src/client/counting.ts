import type { RequestBatch } from './batch.ts'
import { Delivery, type DeliveryLink } from './delivery.ts'
import { FormingBatches } from './forming-batches.ts'
import type { GiveUpKind, GiveUpReason } from './give-up.ts'
import type { Increment, Pending } from './increment.ts'
import { BESIDE_MAX, DELIVERIES_MAX, TIMER_MS_MAX } from './limits.ts'
import type { CountingBounds } from './options.ts'
import type { Post } from './post.ts'
import type { Timing } from './timing.ts'

export type CountingServices = {
  readonly bounds: CountingBounds
  readonly post: Post
  readonly timing: Timing
  readonly stop: AbortController
  readonly onGiveUp: (increments: Increment[], reason: GiveUpReason) => void
  readonly onRetry: (reason: string, failures: number) => void
}

/**
 * All increments that were handed in and are not settled: first they gather, then they are in a batch, then under way.
 * Each ends once, as acknowledged or as given up.
 */
export class Counting {
  readonly #services: CountingServices
  readonly #gathering: FormingBatches
  readonly #link: DeliveryLink<Pending>
  readonly #ready: Delivery<Pending>[] = []
  readonly #underWay = new Set<Delivery<Pending>>()
  #held = 0
  #heldBytes = 0
  #cancelLinger: (() => void) | undefined
  /** Whether the gathering increments have waited long enough, so that they leave as soon as there is room. */
  #isDue = false
  #isClosed = false

  constructor(services: CountingServices) {
    const { bounds, post, timing, stop } = services
    this.#services = services
    this.#gathering = new FormingBatches(
      { items: bounds.batchMax, bytes: bounds.batchBytesMax },
      timing.newName,
    )
    const acknowledge = (items: readonly Pending[]) => this.#release(items)
    const giveUp: DeliveryLink<Pending>['giveUp'] = (items, kind, detail) => this.#giveUp(items, kind, detail)
    // In a turn of its own, so that an error of the caller's function stops nothing here.
    const onRetry: DeliveryLink<Pending>['onRetry'] = (...failure) =>
      queueMicrotask(() => services.onRetry(...failure))
    this.#link = { post, timing, stop: stop.signal, acknowledge, giveUp, onRetry }
  }

  /** Increments that are neither acknowledged nor given up. */
  get held(): number {
    return this.#held
  }

  take(item: Pending): void {
    const refusal = this.#refusalOf(item)
    if (refusal === undefined) this.#gather(item)
    else this.#report([item], ...refusal)
  }

  #refusalOf({ bytes }: Pending): [GiveUpKind, detail: string] | undefined {
    const { heldMax, heldBytesMax } = this.#services.bounds
    if (this.#isClosed) return ['closed', 'the client was closed before']
    const isFull = this.#held >= heldMax || this.#heldBytes + bytes > heldBytesMax
    return isFull ? ['full', `${this.#held} increments are held, and not acknowledged`] : undefined
  }

  #gather(item: Pending): void {
    const { bounds, timing } = this.#services
    this.#held += 1
    this.#heldBytes += item.bytes
    this.#makeReady(this.#gathering.add(item))
    if (this.#ready.length > 0) this.#pump()
    if (this.#gathering.isEmpty || this.#isDue) return
    this.#cancelLinger ??= timing.after(bounds.lingerMs, () => this.#leave())
  }

  /** Resolves when all that was handed in before is acknowledged or given up; never rejects. */
  async flush(): Promise<void> {
    this.#makeReady(this.#gathering.takeAll())
    this.#pump()
    const before = [...this.#ready, ...this.#underWay]
    if (before.length === 0) return
    const letGo = this.#services.timing.stayAlive()
    await Promise.all(before.map(({ done }) => done))
    letGo()
  }

  /** Takes no more increments, and gives up those that are not settled at the deadline. With Infinity there is none. */
  async close(deadlineMs: number): Promise<void> {
    const { timing, stop } = this.#services
    this.#isClosed = true
    const isEndless = deadlineMs === Number.POSITIVE_INFINITY
    const cancel = isEndless
      ? undefined
      : timing.after(Math.min(deadlineMs, TIMER_MS_MAX), () => stop.abort())
    await this.flush()
    cancel?.()
  }

  /**
   * Sends as much as it can before it returns, because the page may be about to go. Batches for which there is no room are
   * sent beside the others, the newest first, because older ones have been tried before. If the page stays, they still
   * wait for their turn.
   */
  leavePage(): void {
    this.#makeReady(this.#gathering.takeAll())
    this.#pump(true)
    let left = BESIDE_MAX
    for (const delivery of [...[...this.#ready].reverse(), ...this.#underWay])
      left -= delivery.sendBeside(left)
  }

  #makeReady(batches: readonly RequestBatch<Pending>[]): void {
    this.#ready.push(...batches.map((batch) => new Delivery(batch, this.#link)))
  }

  #leave(): void {
    this.#isDue = true
    this.#pump()
  }

  #pump(outlivesPage = false): void {
    while (this.#underWay.size < DELIVERIES_MAX) {
      if (this.#ready.length === 0 && this.#isDue) this.#makeReady(this.#gathering.takeOne())
      const delivery = this.#ready.shift()
      if (delivery === undefined) break
      this.#start(delivery, outlivesPage)
    }
    if (!this.#gathering.isEmpty) return
    this.#isDue = false
    this.#cancelLinger?.()
    this.#cancelLinger = undefined
  }

  #start(delivery: Delivery<Pending>, outlivesPage: boolean): void {
    this.#underWay.add(delivery)
    void delivery.run(outlivesPage).then(() => {
      this.#underWay.delete(delivery)
      this.#pump()
    })
  }

  #release(items: readonly Pending[]): void {
    this.#held -= items.length
    for (const { bytes } of items) this.#heldBytes -= bytes
  }

  /** Increments that an earlier try counted are not reported, although their batch was never acknowledged as a whole. */
  #giveUp(items: readonly Pending[], kind: GiveUpKind, detail: string): void {
    this.#release(items)
    this.#report(
      items.filter(({ certainty }) => certainty !== 'counted'),
      kind,
      detail,
    )
  }

  #report(items: readonly Pending[], kind: GiveUpKind, detail: string): void {
    for (const mayHaveCounted of [false, true]) {
      const increments = items
        .filter(({ certainty }) => (certainty === 'doubted') === mayHaveCounted)
        .map(({ increment }) => increment)
      // In a turn of its own, for the reason given at onRetry.
      if (increments.length > 0) {
        queueMicrotask(() => this.#services.onGiveUp(increments, { kind, detail, mayHaveCounted }))
      }
    }
  }
}
