import type {
  Counter,
  Hour,
  LabelList,
  List,
  ListItem,
  PrefixCounter,
  Problem,
  Range,
  Unit,
} from '../answers.ts'
import { type Fetch, signalOf } from '../fetch.ts'
import { checkFields, isDate } from '../fields.ts'
import { REQUEST_MS_MAX } from '../limits.ts'
import type { Timing } from '../timing.ts'
import { parseExactly } from './exact-json.ts'
import { type Instant, isoOf } from './instant.ts'
import { addKeys, type NamedParameters, searchOf } from './search.ts'
import { SumdialError } from './sumdial-error.ts'

type RangeQuery = {
  /** In place of `from` and `to`: hours up to the current one, or a day or month that is over, by the clocks of `tz`. */
  range?: Range | undefined
  /** The last 24 hours by default; `to` itself is not included. A date such as `2026-11-21` begins at midnight in `tz`. */
  from?: Instant | undefined
  to?: Instant | undefined
  /** An IANA time zone; UTC by default. */
  tz?: string | undefined
}

export type ReadQuery = RangeQuery & {
  /** `hour` by default; with a `range` the total alone, and months for `all`. */
  bucket?: Unit | undefined
  /** `previous` adds the time before to the answer: as long as the range, or the same part of the day or month before. */
  compare?: 'previous' | undefined
  /** `fresh` by default: everything acknowledged before. `committed` asks Postgres alone, `unsettled` the shards alone. */
  consistency?: 'fresh' | 'committed' | 'unsettled' | undefined
  /** How many hours before the current one are fresh: 1 by default. */
  freshHours?: number | undefined
  /** Breaks the sums down by the values of this label: see `groups`, `others`, `unlabelled` and `overflow` of the answer. */
  by?: string | undefined
  /**
   * Counts only what has these labels: `plan:pro`, split at the first `:`. Different names are all required, the same name
   * again is an alternative, and `plan:` means that there is no such label.
   */
  where?: string | readonly string[] | undefined
  /** The most groups with `by`: 10 by default. */
  limit?: number | undefined
}

/** Give `key` or `prefix`. */
export type LabelsQuery = Omit<RangeQuery, 'from'> & {
  key?: string | undefined
  prefix?: string | undefined
  /** The last 7 days by default. */
  from?: Instant | undefined
}

export type ListQuery = RangeQuery & {
  /** Lists the keys that begin with it: `site/` for whole segments. All keys by default. */
  prefix?: string | undefined
  /** Only keys that have this text anywhere. Narrow the prefix or the hours when that takes Postgres too long. */
  contains?: string | undefined
  /** Counts only what has these labels, as in a read. At least one of them must have a value. */
  where?: string | readonly string[] | undefined
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

const RANGE_NAMES = ['from', 'to', 'range', 'tz'] as const satisfies readonly (keyof RangeQuery)[]

const READ_NAMES = [
  ...RANGE_NAMES,
  'bucket',
  'compare',
  'consistency',
  'freshHours',
  'by',
  'where',
  'limit',
] as const satisfies readonly (keyof ReadQuery)[]

const READ_EXAMPLE = "{ bucket: 'day' }"

const LIST_NAMES = [
  'prefix',
  'contains',
  'where',
  ...RANGE_NAMES,
  'sort',
  'limit',
  'depth',
  'cursor',
] as const satisfies readonly (keyof ListQuery)[]

/**
 * Reads from the server. Every call may reject with a SumdialError, with the error of `fetch`, or with a TypeError for
 * arguments of another kind.
 */
export class Reading {
  readonly #asker: Asker

  constructor(asker: Asker) {
    this.#asker = asker
  }

  async read(key: string, query: ReadQuery = {}): Promise<Counter> {
    checkFields('read', query, READ_NAMES, READ_EXAMPLE)
    const search = searchOf(query)
    search.append('key', textOf('key', key))
    return (await this.#get(`/counters?${search}`)) as Counter
  }

  /** One answer for each key, in their order. Keys that are too long for one address are asked for in several. */
  async readAll(keys: readonly string[], query: ReadQuery = {}): Promise<Counter[]> {
    if (!Array.isArray(keys)) throw new TypeError('key must be a text, or an array of texts')
    checkFields('read', query, READ_NAMES, READ_EXAMPLE)
    let range: NamedParameters = {}
    let left: readonly string[] = keys.map((key) => textOf('key', key))
    const answers: Counter[] = []
    while (left.length > 0) {
      const search = searchOf({ ...query, ...range })
      left = addKeys(search, left)
      const answer = (await this.#get(`/counters?${search}`)) as Counter | { items: Counter[] }
      answers.push(...('items' in answer ? answer.items : [answer]))
      // The next part is asked for the same hours, although the hour may turn meanwhile.
      const [first] = answers
      if (query.range === undefined && first !== undefined) range = { from: first.from, to: first.to }
    }
    // A range that has a name moves on with the hour. Then all parts are asked for once more, so that they are of one hour.
    const hasTurned = query.range !== undefined && answers.some(({ to }) => to !== answers[0]?.to)
    return hasTurned ? this.readAll(keys, query) : answers
  }

  /** All keys that begin with a prefix, added up. Without a `bucket` or `range`, by the hour. */
  async readPrefix(prefix: string, query: ReadQuery = {}): Promise<PrefixCounter> {
    checkFields('readPrefix', query, READ_NAMES, READ_EXAMPLE)
    const { bucket = query.range === undefined ? 'hour' : undefined } = query
    const search = searchOf({ ...query, bucket })
    search.append('prefix', textOf('prefix', prefix))
    return (await this.#get(`/counters?${search}`)) as PrefixCounter
  }

  /** The labels of a key, or of all keys that begin with a prefix, as Postgres has them. */
  async labels(query: LabelsQuery): Promise<LabelList> {
    checkFields('labels', query, ['key', 'prefix', ...RANGE_NAMES], "{ key: 'calls/acme' }")
    return (await this.#get(`/labels?${searchOf(query)}`)) as LabelList
  }

  async list(query: ListQuery = {}): Promise<List> {
    checkFields('list', query, LIST_NAMES, "{ prefix: 'site/' }")
    const { prefix = '', ...others } = query
    const search = searchOf(others)
    search.append('prefix', textOf('prefix', prefix))
    return (await this.#get(`/keys?${search}`)) as List
  }

  /** The items of all pages from `query.cursor` on. */
  async *listAll(query: ListQuery = {}): AsyncGenerator<ListItem, void, undefined> {
    checkFields('listAll', query, LIST_NAMES, "{ prefix: 'site/' }")
    let { cursor } = query
    do {
      const page = await this.list({ ...query, cursor })
      yield* page.items
      cursor = page.nextCursor ?? undefined
    } while (cursor !== undefined)
  }

  async hour(hour: string | Date): Promise<Hour> {
    const name = isDate(hour) ? `${isoOf('hour', hour).slice(0, 13)}Z` : textOf('hour', hour)
    return (await this.#get(`/hours/${encodeURIComponent(name)}`)) as Hour
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

function textOf(name: string, given: unknown): string {
  if (typeof given === 'string') return given
  throw new TypeError(`${name} must be a text`)
}
