import type { Counter, Hour, LabelList, List, PrefixCounter, Problem, Range, Unit } from './answers.ts'

export type {
  Bucket,
  Counter,
  Hour,
  LabelList,
  List,
  ListItem,
  PrefixCounter,
  Problem,
  Range,
  Sums,
  Unit,
} from './answers.ts'

/**
 * The methods that another Worker of the account can call through a service binding to the entrypoint `Sumdial`. These are
 * types alone: the other Worker writes `env.SUMDIAL: SumdialBinding`.
 *
 * Fields, bounds and answers are those of the HTTP interface by the same names; a sum is a bigint, exact at any size. A
 * method answers with a Result, and throws only when the call itself fails, as when the Worker cannot be reached: then an
 * increment may have been counted, so send it again only under a name.
 */
export interface SumdialBinding {
  /** Counts one increment or up to 10,000. Once it answers `ok` they are durable. Requires the scope `write`. */
  increment(
    increments: Increment | readonly Increment[],
    options?: IncrementOptions,
  ): Promise<Result<Counted>>

  /** Sums of one key or of up to 20, with everything that was acknowledged before. Requires the scope `read`. */
  read(question: ReadOptions & { readonly key: string }): Promise<Result<Counter>>
  read(
    question: ReadOptions & { readonly key: readonly string[] },
  ): Promise<Result<{ readonly items: readonly Counter[] }>>

  /** Sums of all keys that begin with a prefix, added up; by the hour without a `bucket` or `range`. Requires the scope `read`. */
  readPrefix(question: ReadOptions & { readonly prefix: string }): Promise<Result<PrefixCounter>>

  /** The labels of a key, or of keys that begin with a prefix, as Postgres has them. Requires the scope `read`. */
  labels(question: LabelsOptions): Promise<Result<LabelList>>

  /** Keys that begin with a prefix, as Postgres has them. Requires the scope `read`. */
  list(question: ListOptions): Promise<Result<List>>

  /** Whether an hour, such as `2026-11-21T20Z`, is final and may be invoiced. Requires the scope `read`. */
  hour(hour: string): Promise<Result<Hour>>
}

export type Result<T> =
  | { readonly ok: true; readonly answer: T }
  | {
      readonly ok: false
      readonly problem: Problem
      /** Present only when the same call, made again after this time, counts nothing twice. */
      readonly retryAfterSeconds?: number
    }

export type Increment = {
  readonly key: string
  /** A safe integer, 1 by default; a bigint is refused. A negative one also requires the scope `adjust`. */
  readonly value?: number
  /**
   * RFC 3339 or epoch milliseconds, now by default; a Date is refused. Required when there is an `id` or `idempotencyKey`,
   * unless that is a UUIDv7.
   */
  readonly at?: Instant
  /** An id counts once, ever, for its key and hour. */
  readonly id?: string
  /** Texts by name that it can be broken down by, such as `{ plan: 'pro' }`. */
  readonly labels?: Readonly<Record<string, string>>
}

export type IncrementOptions = {
  /**
   * Names the whole call, so that making it again counts nothing twice. Two bindings with
   * different `name` props may use the same key without clashing.
   */
  readonly idempotencyKey?: string
}

/** RFC 3339, or epoch milliseconds. */
export type Instant = string | number

export type RangeOptions = {
  /** In place of `from` and `to`. */
  readonly range?: Range
  /** RFC 3339, epoch milliseconds, or a date, which begins at midnight in `tz`. */
  readonly from?: Instant
  readonly to?: Instant
  /** An IANA time zone; UTC by default. */
  readonly tz?: string
}

export type ReadOptions = RangeOptions & {
  readonly bucket?: Unit
  /** Adds the time before to the answer. */
  readonly compare?: 'previous'
  readonly consistency?: 'fresh' | 'committed' | 'unsettled'
  readonly freshHours?: number
  /** Breaks the sums down by the values of this label. */
  readonly by?: string
  /** Conditions on labels, such as `plan:pro`. */
  readonly where?: readonly string[]
  readonly limit?: number
}

/** `key` or `prefix`. */
export type LabelsOptions = RangeOptions & {
  readonly key?: string
  readonly prefix?: string
}

export type ListOptions = RangeOptions & {
  /** `site/` for whole segments; the empty text for all keys. */
  readonly prefix: string
  /** A text anywhere in the keys. */
  readonly contains?: string
  /** Conditions on labels, of which at least one has a value: `endpoint:/v1/search`. */
  readonly where?: readonly string[]
  readonly sort?: 'key' | '-sum' | '-count'
  readonly depth?: number
  readonly limit?: number
  readonly cursor?: string
}

export type Counted = {
  readonly accepted: number
  readonly duplicates: number
  /** Indexes of items whose id was used before with other content: they were not counted. */
  readonly conflicts: readonly number[]
}
