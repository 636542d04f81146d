/** The server's answers; test/client/answers.test.ts holds them to its schemas. */

export type Sums = {
  /** Exact at any size. */
  sum: bigint
  /** Increments. */
  count: number
  /** The smallest and the largest value; null when there are none. */
  min: number | null
  max: number | null
}

export type Unit = 'hour' | 'day' | 'week' | 'month'

export type Bucket = {
  /** When it began by the clocks of the zone, in its offset. */
  start: string
  sum: bigint
  count: number
  min: number | null
  max: number | null
}

/** What is known of a key in a range. Times are RFC 3339. */
export type Counter = {
  key: string
  from: string
  to: string
  bucket: Unit
  tz: string
  /** False where the zone's offset splits hours. */
  aligned: boolean
  total: Sums
  /** All of the range, in order, those with nothing too. */
  buckets: Bucket[]
  /** The buckets that Postgres may not have all of yet, and what of them; null in a committed read. */
  unsettled: Bucket[] | null
  /**
   * Two answers over the same hours with the same `asOf` have the same of Postgres in them: only what is unsettled may
   * differ. Null in a committed read.
   */
  asOf: string | null
  /** Increments in this answer that Postgres may not have yet; null in a committed read. */
  pending: number | null
  /** From this hour on the answer has everything acknowledged before it was asked. */
  freshFrom: string | null
  /** When Postgres last received something that is in this answer. */
  lastFlushAt: string | null
}

/** A key, or with `depth` a group of keys. */
export type ListItem = {
  key: string
  sum: bigint
  count: number
  min: number
  max: number
  /** Of a group: how many distinct keys it holds, its own name among them or not. */
  keys?: number | undefined
  /** Of a group: whether its own name is one of those keys. */
  isKey?: boolean | undefined
}

/** A page of a list. */
export type List = {
  from: string
  to: string
  items: ListItem[]
  /** Where the next page begins; null when there is none. */
  nextCursor: string | null
  lastFlushAt: string | null
}

/** May this hour be invoiced? `final` is never taken back. */
export type Hour = {
  hour: string
  state: 'open' | 'closing' | 'final'
  closesAt: string
  finalFrom: string
  pending: number
  parked: number
}

/** RFC 9457, as far as the server's errors have it. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  errors?: readonly { readonly index: number; readonly path: string; readonly message: string }[] | undefined
  parameter?: string | undefined
  refused?: readonly number[] | undefined
  unknown?: readonly number[] | undefined
}
