import type { Counter, Hour, List, Problem, Unit } from './answers.ts'

export type { Bucket, Counter, Hour, List, ListItem, Problem, Sums, Unit } from './answers.ts'

/**
 * What another Worker of the account may ask of Sumdial through a service binding to its entrypoint `Sumdial`. Types
 * alone, which need nothing else: the other Worker writes `env.SUMDIAL: SumdialBinding`.
 *
 * Fields, bounds and answers are those of the HTTP interface by the same names; a sum is a bigint, exact at any size.
 * A method answers a Result for all that Sumdial can say, and throws only when the call itself fails, as when the
 * Worker cannot be reached: then an increment may have been counted, and may be sent again only under a name.
 */
export interface SumdialBinding {
  /** Counts one or up to 10,000 increments. Once it answers `ok` they are durable. Takes the scope `write`. */
  increment(
    increments: Increment | readonly Increment[],
    options?: IncrementOptions,
  ): Promise<Result<Counted>>

  /** Sums of one key, everything acknowledged before in them; or of up to 20. Takes the scope `read`. */
  read(question: ReadOptions & { readonly key: string }): Promise<Result<Counter>>
  read(
    question: ReadOptions & { readonly key: readonly string[] },
  ): Promise<Result<{ readonly items: readonly Counter[] }>>

  /** Keys that begin with a prefix, as Postgres has them. Takes the scope `read`. */
  list(question: ListOptions): Promise<Result<List>>

  /** Whether an hour, such as `2026-11-21T20Z`, is final and may be invoiced. Takes the scope `read`. */
  hour(hour: string): Promise<Result<Hour>>
}

export type Result<T> =
  | { readonly ok: true; readonly answer: T }
  | {
      readonly ok: false
      readonly problem: Problem
      /** Only when the same call may be made again without counting anything twice, so many seconds later. */
      readonly retryAfterSeconds?: number
    }

export type Increment = {
  readonly key: string
  /** A safe integer, 1 by default; a bigint is refused. A negative one takes the scope `adjust` too. */
  readonly value?: number
  /** RFC 3339 or epoch milliseconds, now by default; a Date is refused. Needed beside a name that is no UUIDv7. */
  readonly at?: Instant
  /** The same id of the same key and hour counts once, ever. */
  readonly id?: string
}

export type IncrementOptions = {
  /** Names all of the call, so that sending it again counts nothing twice. Its own of the binding's `name`. */
  readonly idempotencyKey?: string
}

/** RFC 3339, or epoch milliseconds. */
export type Instant = string | number

export type ReadOptions = {
  readonly from?: Instant
  readonly to?: Instant
  readonly bucket?: Unit
  readonly tz?: string
  readonly consistency?: 'fresh' | 'committed' | 'unsettled'
  readonly freshHours?: number
}

export type ListOptions = {
  /** `site/` for whole segments; empty for all. */
  readonly prefix: string
  readonly from?: Instant
  readonly to?: Instant
  readonly sort?: 'key' | '-sum' | '-count'
  readonly depth?: number
  readonly limit?: number
  readonly cursor?: string
}

export type Counted = {
  readonly accepted: number
  readonly duplicates: number
  /** Items by index whose id came before with other content: not counted. */
  readonly conflicts: readonly number[]
}
