import type { Counter, Hour, List, ListItem, PrefixCounter, Problem, Unit } from './answers.ts'
import { parseExactly } from './exact-json.ts'
import { type Fetch, signalOf } from './fetch.ts'
import { REQUEST_MS_MAX } from './limits.ts'
import { SumdialError } from './sumdial-error.ts'
import type { Timing } from './timing.ts'

/** RFC 3339, a Date, or epoch milliseconds. */
export type Instant = string | Date | number

export type ReadQuery = {
  /** The last 24 hours by default; `to` itself is not included. */
  from?: Instant | undefined
  to?: Instant | undefined
  /** `hour` by default. */
  bucket?: Unit | undefined
  /** An IANA time zone; UTC by default. */
  tz?: string | undefined
  /** `fresh` by default: everything acknowledged before. `committed` asks Postgres alone, `unsettled` the shards alone. */
  consistency?: 'fresh' | 'committed' | 'unsettled' | undefined
  /** How many hours before the current one are fresh: 1 by default. */
  freshHours?: number | undefined
}

export type ListQuery = {
  /** Lists the keys that begin with it: `site/` for whole segments. All keys by default. */
  prefix?: string | undefined
  from?: Instant | undefined
  to?: Instant | undefined
  /** `key` by default, in pages; the other two give the largest first, in one page. */
  sort?: 'key' | '-sum' | '-count' | undefined
  /** Items of a page: 100 by default. */
  limit?: number | undefined
  /** Groups keys by this many path segments after the prefix. */
  depth?: number | undefined
  /** `nextCursor` of the previous page. */
  cursor?: string | undefined
}

export type Asker = {
  /** The server's address, without a slash at its end. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  readonly timing: Timing
}

/** Reads from the server. Every call may reject with a SumdialError, or with the error of `fetch`. */
export class Reading {
  readonly #asker: Asker

  constructor(asker: Asker) {
    this.#asker = asker
  }

  async read(key: string, query: ReadQuery): Promise<Counter> {
    return (await this.#get(`/counters?${searchFor([key], query)}`)) as Counter
  }

  async readAll(keys: readonly string[], query: ReadQuery): Promise<Counter[]> {
    const [first, ...others] = keys
    if (first === undefined) return []
    if (others.length === 0) return [await this.read(first, query)]
    const answer = await this.#get(`/counters?${searchFor(keys, query)}`)
    return (answer as { items: Counter[] }).items
  }

  /** All keys that begin with a prefix, added up. Without a `bucket`, by the hour. */
  async readPrefix(prefix: string, query: ReadQuery): Promise<PrefixCounter> {
    const search = searchOf({ bucket: 'hour', ...query })
    search.append('prefix', prefix)
    return (await this.#get(`/counters?${search}`)) as PrefixCounter
  }

  async list({ prefix = '', ...query }: ListQuery): Promise<List> {
    const search = searchOf(query)
    search.append('prefix', prefix)
    return (await this.#get(`/keys?${search}`)) as List
  }

  /** The items of all pages from `query.cursor` on. */
  async *listAll(query: ListQuery): AsyncGenerator<ListItem, void, undefined> {
    let cursor = query.cursor
    do {
      const page = await this.list({ ...query, cursor })
      yield* page.items
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }

  async hour(hour: string): Promise<Hour> {
    return (await this.#get(`/hours/${encodeURIComponent(hour)}`)) as Hour
  }

  async #get(path: string): Promise<unknown> {
    const { base, headers, fetch, timing } = this.#asker
    const abort = new AbortController()
    const cancel = timing.after(REQUEST_MS_MAX, () => abort.abort())
    try {
      const init = { method: 'GET', redirect: 'manual', signal: signalOf(abort) } as const
      const response = await fetch(`${base}${path}`, { ...init, headers: { ...headers } })
      const text = await response.text()
      const type = response.headers.get('content-type') ?? ''
      const read = parse(text)
      if (response.status === 200 && type.startsWith('application/json') && isObject(read)) return read
      throw new SumdialError(
        response.status,
        type.startsWith('application/problem+json') && isProblem(read) ? read : null,
      )
    } finally {
      cancel()
    }
  }
}

/** The parsed JSON; undefined for anything else, because a body may have been cut off on its way. */
function parse(text: string): unknown {
  try {
    return parseExactly(text)
  } catch {
    return undefined
  }
}

function isObject(read: unknown): read is object {
  return typeof read === 'object' && read !== null
}

/** Whether it has the two fields that become a message. */
function isProblem(read: unknown): read is Problem {
  const { title, detail } = (isObject(read) ? read : {}) as Partial<Record<keyof Problem, unknown>>
  return typeof title === 'string' && typeof detail === 'string'
}

function searchFor(keys: readonly string[], query: ReadQuery): URLSearchParams {
  const search = searchOf(query)
  for (const key of keys) search.append('key', key)
  return search
}

function searchOf(query: Readonly<Record<string, Instant | undefined>>): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.append(name, value instanceof Date ? value.toISOString() : String(value))
  }
  return search
}
