/** Why a record was not counted, as a word for logs. Formats add their own: `cumulative`. */
export type RefusalReason =
  | 'malformed'
  | 'too_large'
  | 'field'
  | 'key'
  /** The token may not count this key, or so much. [S2] */
  | 'limit'
  | 'value'
  | 'time'
  | 'kind'
  | 'cumulative'

/** The fault of a record. `message` is a clause such as `must be a whole number`. */
export type RecordFault = {
  /** The record's place in the delivery, from 0. */
  readonly index: number
  readonly path: string
  readonly message: string
}
