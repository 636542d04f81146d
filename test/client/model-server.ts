import type { FetchAnswer, FetchInit } from '../../src/client/index.ts'

/** One thing that happens to one request. Faults of the network, of shards, and of people who change what is allowed. */
export const FATES = [
  'fine',
  'lost before',
  'lost after',
  'late',
  'gateway',
  'proxy',
  'garbled',
  'busy',
  'no token',
  'no scope',
  'redirect',
  'too large',
  'refused in part',
  'unknown in part',
] as const

export type RequestFate = (typeof FATES)[number]

type Item = {
  readonly key: string
  readonly value?: number
  readonly at: number | string
  readonly id?: string
}
type Request = { readonly name: string | null; readonly items: readonly Item[] }
type Result = 'accepted' | 'duplicate' | 'conflict'

const HOUR_MS = 3_600_000
const SHARDS = 2

/** Counts as the server promises to: once for each name, per shard; nothing of a request with a bad item. */
export class ModelServer {
  /** How often each key was counted. */
  readonly counts = new Map<string, number>()
  readonly requests: (Request & { readonly keepalive: boolean })[] = []
  /** Keys that begin so are refused by name; both may change at any time. */
  forbidden = 'forbidden/'
  closedBeforeMs = 0
  itemsMax = 1_000
  readonly #contents = new Map<string, string>()
  readonly #late: Request[] = []
  readonly #fates: RequestFate[]

  /** @param fates of the first requests; all others are fine. */
  constructor(fates: readonly RequestFate[]) {
    this.#fates = [...fates]
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#fates.length = 0
  }

  /** These happen to the next requests. Whatever is late arrives before them. */
  fail(fates: readonly RequestFate[]): void {
    for (const copy of this.#late.splice(0)) this.#take(copy, () => true)
    this.#fates.splice(0, Number.POSITIVE_INFINITY, ...fates)
  }

  readonly fetch = async (_url: string, init: FetchInit): Promise<FetchAnswer> => {
    const request = { name: init.headers['idempotency-key'] ?? null, items: JSON.parse(init.body ?? '') }
    this.requests.push({ ...request, keepalive: init.keepalive ?? false })
    const answer = this.#answer(request, this.#fates.shift() ?? 'fine')
    if (answer !== 'late') for (const copy of this.#late.splice(0)) this.#take(copy, () => true)
    if (answer === 'lost' || answer === 'late') throw new TypeError('fetch failed')
    return answer
  }

  #answer(request: Request, fate: RequestFate): FetchAnswer | 'lost' | 'late' {
    switch (fate) {
      case 'fine':
        return this.#take(request, () => true)
      case 'lost before':
        return 'lost'
      case 'lost after':
        this.#take(request, () => true)
        return 'lost'
      case 'late':
        this.#late.push(request)
        return 'late'
      case 'gateway':
        this.#take(request, () => true)
        return answerOf(502, 'text/html', '<html>')
      case 'proxy':
        this.#take(request, () => true)
        return answerOf(400, 'text/html', '<html>')
      case 'garbled':
        this.#take(request, () => true)
        return answerOf(202, 'application/json', '{"accepted":1')
      case 'busy':
        return problemOf(429, {}, { 'retry-after': '10' })
      case 'no token':
        return problemOf(401, {})
      case 'no scope':
        return problemOf(403, {})
      case 'redirect':
        return answerOf(301, 'text/html', '')
      case 'too large':
        return problemOf(413, {})
      case 'refused in part':
        return this.#take(request, (shard) => shard > 0, 'refused')
      case 'unknown in part':
        // Either shard may have it, whatever is said of the first.
        return this.#take(request, (shard) => shard > 0 || request.items.length % 2 === 0, 'unknown')
    }
  }

  /** @param isUp whether a shard counts; @param silent whether the first shard's answer is lost, and how that is told. */
  #take(
    { name, items }: Request,
    isUp: (shard: number) => boolean,
    silent?: 'refused' | 'unknown',
  ): FetchAnswer {
    if (items.length > this.itemsMax) return problemOf(413, {})
    const errors = items.flatMap((item, index) => this.#faultOf(item, index))
    // Few are named, so that bad items are left for the next tries.
    if (errors.length > 0) return problemOf(422, { errors: errors.slice(0, 2) })
    const results = new Map<Item, Result>()
    for (const entry of entriesOf(name, items)) {
      if (!isUp(entry.shard)) continue
      const result = this.#count(entry)
      for (const item of entry.items) results.set(item, result)
    }
    return silent === undefined ? acknowledge(items, results) : partly(items, silent)
  }

  #faultOf({ key, at }: Item, index: number) {
    if (msOf(at) < this.closedBeforeMs) return [{ index, path: 'at', message: 'must be in an open hour' }]
    return key.startsWith(this.forbidden) ? [{ index, path: 'key', message: 'must be under the prefix' }] : []
  }

  #count({ id, content, items }: Entry): Result {
    const before = this.#contents.get(id)
    if (before !== undefined) return before === content ? 'duplicate' : 'conflict'
    this.#contents.set(id, content)
    for (const { key } of items) this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
    return 'accepted'
  }
}

/** A part that a shard counts once: all of a name in it, or one increment with an id. */
type Entry = {
  readonly id: string
  readonly content: string
  readonly shard: number
  readonly items: readonly Item[]
}

function entriesOf(name: string | null, items: readonly Item[]): Entry[] {
  if (name === null) {
    return items.map((item) => {
      const id = `${placeOf(item)} ${item.id} of ${item.key}`
      return { id, content: String(item.value), shard: shardOf(item), items: [item] }
    })
  }
  // As the server has it: the same increments, in any order and at any time of their hour.
  const content = items
    .map(({ key, value = 1, at }) => `${key} ${value} ${hourOf(at)}`)
    .sort()
    .join()
  return [...Map.groupBy(items, placeOf)].map(([place, own]) => {
    const shard = own[0] === undefined ? 0 : shardOf(own[0])
    return { id: `${place} ${name}`, content, shard, items: own }
  })
}

function placeOf(item: Item): string {
  return `${hourOf(item.at)}/${shardOf(item)}`
}

function msOf(at: number | string): number {
  return typeof at === 'string' ? Date.parse(at) : at
}

function hourOf(at: number | string): number {
  return Math.floor(msOf(at) / HOUR_MS)
}

function acknowledge(items: readonly Item[], results: ReadonlyMap<Item, Result>): FetchAnswer {
  const indexes = (result: Result) =>
    items.flatMap((item, index) => (results.get(item) === result ? [index] : []))
  const conflicts = indexes('conflict')
  if (conflicts.length === items.length) return problemOf(422, { type: 'urn:sumdial:problem:id-conflict' })
  const body = { accepted: indexes('accepted').length, duplicates: indexes('duplicate').length, conflicts }
  return answerOf(202, 'application/json', JSON.stringify(body))
}

/** The first shard's items are told apart, whatever became of them before. */
function partly(items: readonly Item[], silent: 'refused' | 'unknown'): FetchAnswer {
  const indexes = items.flatMap((item, index) => (shardOf(item) === 0 ? [index] : []))
  const more = indexes.length === 0 ? {} : { refused: [], unknown: [], [silent]: indexes }
  return problemOf(503, more, { 'retry-after': '2' })
}

/** By the last figure of the key. */
function shardOf({ key }: Item): number {
  return Number(key.at(-1)) % SHARDS
}

function problemOf(status: number, more: object, headers: Record<string, string> = {}): FetchAnswer {
  const body = { type: 'about:blank', title: 'A problem', status, detail: 'of the model', ...more }
  return answerOf(status, 'application/problem+json', JSON.stringify(body), headers)
}

function answerOf(
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): FetchAnswer {
  const all = new Headers({ 'content-type': type, ...headers })
  return { status, headers: all, text: async () => body }
}
