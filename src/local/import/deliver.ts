import { type Judgement, judge } from './judge.ts'
import { Patience, type Timing } from './patience.ts'
import type { Post } from './post.ts'
import type { Item, Tally } from './tally.ts'

/** How long a server that answers 503 is asked again without counting anything more. */
export const RETRY_MS = 60_000

/** How long nobody may be there: as long as a server takes to be started again. */
export const UNREACHED_MS = 15_000

export interface Link {
  readonly post: Post
  readonly tally: Tally
  readonly clock: Timing
  /** Fired: send what is at hand, and wait for nothing. */
  readonly hurry: AbortSignal
  /** Why nothing more may be sent; null while all is well. */
  stopped(): string | null
  stop(reason: string): void
}

/**
 * Sends a bundle until every increment of it is counted, refused or unknown, and says so to the tally.
 * Never sends an increment again that may have been counted, unless it carries an id.
 */
export function deliver(bundle: readonly Item[], link: Link): Promise<void> {
  return new Delivery(link).run(bundle)
}

type Items = readonly Item[]

class Delivery {
  readonly #link: Link
  readonly #patience: Patience
  /** Sent again although they may have been counted: a later refusal does not take that back. */
  readonly #doubted = new Set<Item>()

  constructor(link: Link) {
    this.#link = link
    this.#patience = new Patience(link.clock, link.hurry)
  }

  async run(bundle: Items): Promise<void> {
    const waiting: Items[] = [bundle]
    for (let items = waiting.pop(); items !== undefined; items = waiting.pop()) {
      const again = await this.#send(items)
      waiting.push(...again.filter((part) => part.length > 0))
    }
  }

  /** Sends once; returns what is to be sent again, in parts. */
  async #send(items: Items): Promise<Items[]> {
    const { post, clock, stopped } = this.#link
    const why = stopped()
    if (why !== null) return this.#refuse(items, `not sent: ${why}`)
    const answer = await post(`[${items.map((item) => item.json).join(',')}]`)
    return this.#obey(items, judge(answer, items.length, clock.now()))
  }

  async #obey(items: Items, judgement: Judgement): Promise<Items[]> {
    switch (judgement.kind) {
      case 'counted':
        return this.#count(items, judgement.duplicates, judgement.conflicts)
      case 'bad-items':
        return this.#dropBad(items, judgement.reasons)
      case 'bad-request':
        return this.#refuse(items, judgement.reason)
      case 'too-large':
        return items.length === 1 ? this.#refuse(items, 'too large for the server') : halves(items)
      case 'partly':
        return this.#countPart(items, judgement)
      case 'unreached':
        if (await this.#patience.wait(UNREACHED_MS, null)) return [items]
        return this.#stop(items, `cannot connect: ${judgement.reason}`)
      case 'stop':
        return this.#stop(items, judgement.reason)
    }
  }

  #count(items: Items, duplicates: number, conflicts: readonly number[]): [] {
    const { tally } = this.#link
    const inConflict = new Set(conflicts)
    const [refused, counted] = split(items, (_, index) => inConflict.has(index))
    this.#patience.renew()
    tally.count(counted, duplicates)
    for (const item of refused) tally.refuse(item, 'its id was used before, with other content')
    return []
  }

  #dropBad(items: Items, reasons: ReadonlyMap<number, string>): Items[] {
    items.forEach((item, index) => {
      const reason = reasons.get(index)
      if (reason !== undefined) this.#refuse([item], reason)
    })
    return [items.filter((_, index) => !reasons.has(index))]
  }

  async #countPart(items: Items, judgement: Extract<Judgement, { kind: 'partly' }>): Promise<Items[]> {
    const { tally } = this.#link
    const [isRefused, isUnknown] = [new Set(judgement.refused), new Set(judgement.unknown)]
    const [open, counted] = split(items, (_, index) => isRefused.has(index) || isUnknown.has(index))
    const unknown = items.filter((_, index) => isUnknown.has(index))
    const [named, lost] = split(unknown, (item) => item.hasId)
    if (counted.length > 0) this.#patience.renew()
    tally.count(counted, 0)
    tally.doubt(lost, judgement.reason)
    for (const item of named) this.#doubted.add(item)
    const isLost = new Set(lost)
    const again = open.filter((item) => !isLost.has(item))
    if (again.length === 0 || (await this.#patience.wait(RETRY_MS, judgement.retryAfterMs))) return [again]
    return this.#refuse(again, judgement.reason)
  }

  #stop(items: Items, reason: string): [] {
    this.#link.stop(reason)
    return this.#refuse(items, reason)
  }

  #refuse(items: Items, reason: string): [] {
    const [doubted, refused] = split(items, (item) => this.#doubted.has(item))
    for (const item of refused) this.#link.tally.refuse(item, reason)
    this.#link.tally.doubt(doubted, reason)
    return []
  }
}

/** Those the claim holds for, and the others. */
function split(items: Items, claim: (item: Item, index: number) => boolean): [Item[], Item[]] {
  const [yes, no]: [Item[], Item[]] = [[], []]
  items.forEach((item, index) => {
    ;(claim(item, index) ? yes : no).push(item)
  })
  return [yes, no]
}

function halves(items: Items): Items[] {
  const middle = Math.ceil(items.length / 2)
  // The last is sent first, which keeps the order of the input.
  return [items.slice(middle), items.slice(0, middle)]
}
