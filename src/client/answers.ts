/** The server's answers. test/client/answers.test.ts compares them with the server's schemas. */

export type Sums = {
  /** Exact at any size. */
  sum: bigint
  /** How many increments. */
  count: number
  /** The smallest and the largest value; null when there are none. */
  min: number | null
  max: number | null
}

export type Unit = 'hour' | 'day' | 'week' | 'month'

/** Hours that have a name. */
export type Range =
  | 'today'
  | 'yesterday'
  | '24h'
  | '7d'
  | '30d'
  | '12mo'
  | 'this-month'
  | 'last-month'
  | 'all'

export type Bucket = {
  /** When it begins, on the zone's clocks and with the zone's offset. */
  start: string
  sum: bigint
  count: number
  min: number | null
  max: number | null
}

/** A row of Postgres that somebody changed by SQL to what is no whole number, or too large. `hour` is RFC 3339. */
export type UnreadableRow = { key: string; hour: string }

/** UTC days, from the beginning of the first to the end of the last, in RFC 3339. */
export type CoarseRange = { from: string; to: string }

/** A part of an answer, in the range or in the time before. */
export type AnswerPart = { total: Sums; buckets: Bucket[] }

/** A part without a smallest and largest value. */
type PlainPart = {
  total: { sum: bigint; count: number }
  buckets: { start: string; sum: bigint; count: number }[]
}

/** One key's sums in a range. Times are RFC 3339. */
export type Counter = {
  key: string
  from: string
  to: string
  /** Null for the total alone. */
  bucket: Unit | null
  tz: string
  /** False when the zone's offset is no whole number of hours, so that buckets begin within an hour. */
  aligned: boolean
  total: Sums
  /** All buckets of the range in order, also the empty ones; none for the total alone. */
  buckets: Bucket[]
  /** Increments that Postgres may not have yet, by bucket; null in a committed read. */
  unsettled: Bucket[] | null
  /**
   * Names the state of Postgres in this answer. Two answers over the same hours with the same `asOf` can differ only in
   * what is unsettled. Null in a committed read.
   */
  asOf: string | null
  /** Increments in this answer that Postgres may not have yet; null in a committed read. */
  pending: number | null
  /** From this hour on the answer includes every increment that was acknowledged before the request. */
  freshFrom: string | null
  /** When Postgres last received an increment of this answer. */
  lastFlushAt: string | null
  /** Only when there are any: rows that are left out until somebody corrects them; at least one of each key. */
  unreadable?: UnreadableRow[] | undefined
  /** Only when there are any: UTC days that count whole where they begin, because their hours were deleted. */
  coarse?: CoarseRange[] | undefined
  /**
   * Only with `compare`: the time before. `beside` says of each of `buckets` which one of `previous.buckets` is next to it, by
   * its number or null: an hour is next to the same hour, also where clocks were turned in between. It holds for parts too.
   */
  previous?:
    | { from: string; to: string; total: Sums; buckets: Bucket[]; beside: (number | null)[] }
    | undefined
  /**
   * Only with `by`: the label whose values are the groups. Groups, others, unlabelled and overflow add up to the total, and
   * their unsettled parts to the unsettled part of the total.
   */
  by?: string | undefined
  /** The largest groups by sum, the largest first. */
  groups?:
    | {
        value: string
        total: Sums
        buckets: Bucket[]
        unsettled: Bucket[] | null
        previous?: AnswerPart | undefined
      }[]
    | undefined
  /** All further groups together, and how many they are. */
  others?:
    | {
        groups: number
        total: Sums
        buckets: Bucket[]
        unsettled: Bucket[] | null
        previous?: AnswerPart | undefined
      }
    | undefined
  /** All that has no such label. */
  unlabelled?:
    | {
        total: PlainPart['total']
        buckets: PlainPart['buckets']
        unsettled: PlainPart['buckets'] | null
        previous?: PlainPart | undefined
      }
    | undefined
  /** All that came when its key had too many label sets in an hour. */
  overflow?:
    | { total: Sums; buckets: Bucket[]; unsettled: Bucket[] | null; previous?: AnswerPart | undefined }
    | undefined
}

/** All keys that begin with a prefix, added up in a range. */
export type PrefixCounter = Omit<Counter, 'key'> & { prefix: string }

/** The labels of a key or prefix in a range, by name. */
export type LabelList = {
  from: string
  to: string
  labels: {
    name: string
    /** How many values it has, and how many increments have one. */
    values: number
    count: number
    /** Its values with the largest sums. */
    largest: { value: string; sum: bigint; count: number }[]
  }[]
  /** Increments that came with one label set too many, so that their labels are not known. */
  overflow: { sum: bigint; count: number }
  lastFlushAt: string | null
  /** Only when there are any: rows that the answer leaves out. */
  unreadable?: UnreadableRow[] | undefined
  /** Only when there are any: UTC days that count whole where they begin, because their hours were deleted. */
  coarse?: CoarseRange[] | undefined
}

/** A key, or with `depth` a group of keys. */
export type ListItem = {
  key: string
  sum: bigint
  count: number
  min: number
  max: number
  /** In a group: how many distinct keys it holds, including its own name if that is a key. */
  keys?: number | undefined
  /** In a group: whether its own name is one of those keys. */
  isKey?: boolean | undefined
}

/** A page of a list. */
export type List = {
  from: string
  to: string
  items: ListItem[]
  /** Begins the next page; null when this is the last. */
  nextCursor: string | null
  lastFlushAt: string | null
  /** Only when there are any: rows that are left out until somebody corrects them; at least one of each key. */
  unreadable?: UnreadableRow[] | undefined
  /** Only when there are any: UTC days that count whole where they begin, because their hours were deleted. */
  coarse?: CoarseRange[] | undefined
}

/** Whether an hour may be invoiced: `final` is never taken back. */
export type Hour = {
  hour: string
  state: 'open' | 'closing' | 'final'
  closesAt: string
  finalFrom: string
  pending: number
  parked: number
}

/** The server's errors, by RFC 9457. */
export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  errors?: readonly { readonly index: number; readonly path: string; readonly message: string }[] | undefined
  /** Items that are bad too, and are not among the errors. */
  more?: number | undefined
  parameter?: string | undefined
  /** Rows of Postgres to correct. */
  rows?: readonly UnreadableRow[] | undefined
  refused?: readonly number[] | undefined
  unknown?: readonly number[] | undefined
}
