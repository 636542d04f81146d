import type { Scope } from '../../model/access/grant.ts'
import type { ReadKind, UnreadableRow } from '../../model/read.ts'

/** A fault of one item of a request. `path` names the field; it is empty for the item itself. */
export type ItemError = { readonly index: number; readonly path: string; readonly message: string }

/**
 * Why a request is not answered as asked. An arm carries the facts only: problem-words.ts and limit-words.ts hold every sentence, and
 * does not compile until it names a status for each arm.
 */
export type Problem =
  | { readonly kind: 'malformed_json'; readonly fault: BodyFault }
  /** The header that announces a body which cannot be read. */
  | {
      readonly kind: 'unsupported_media_type'
      readonly header: 'Content-Type' | 'Content-Encoding'
      /** Media types that a foreign format takes, in place of those of increments. */
      readonly wanted?: readonly string[]
    }
  | { readonly kind: 'body_too_large'; readonly bytesMax: number }
  | { readonly kind: 'too_many_items'; readonly items: number; readonly itemsMax: number }
  | { readonly kind: 'address_too_long'; readonly characters: number; readonly charactersMax: number }
  /** The items are of so many hours, or go to so many slots, that too many shards would be called. Nothing was sent. */
  | { readonly kind: 'too_many_shards'; readonly shards: number; readonly shardsMax: number }
  /** Nothing of the request was applied. [I2] `more` items are bad too, and not among the errors. */
  | {
      readonly kind: 'invalid_increments'
      readonly errors: readonly ItemError[]
      readonly more: number
    }
  /** A bad parameter in the query, the path, a header or the body. */
  | { readonly kind: 'invalid_parameter'; readonly parameter: string; readonly fault: ParameterFault }
  /** Some items were not counted, or may not have been: the request's items by index. */
  | {
      readonly kind: 'not_all_counted'
      readonly refused: readonly number[]
      readonly unknown: readonly number[]
      /** Whether the whole request can be sent again without counting anything twice. */
      readonly canRepeat: boolean
      readonly reasons: readonly string[]
    }
  /** The one name in the request was used before with other content; nothing was counted. */
  | { readonly kind: 'id_conflict' }
  | { readonly kind: 'unavailable'; readonly source: Source }
  /** Postgres is there, and the read asks it for too much. */
  | { readonly kind: 'too_slow'; readonly read: ReadKind }
  /** Rows of Postgres that somebody changed by SQL, so that they are no cells. */
  | { readonly kind: 'unreadable_rows'; readonly rows: readonly UnreadableRow[] }
  /** The Worker has no DATABASE_URL, so it counts and cannot read. */
  | { readonly kind: 'no_database' }
  /** The Worker has no tokens, so it refuses everyone. [S1] */
  | { readonly kind: 'closed_to_all' }
  /** There is no token, or none that counts. A genuine one is told why. */
  | {
      readonly kind: 'unauthenticated'
      readonly token: 'missing' | 'unknown' | 'expired' | 'revoked'
    }
  /** The token or binding is known and may not do this; nothing was done. [S2] */
  | { readonly kind: 'forbidden'; readonly limit: Limit }
  | { readonly kind: 'too_many_requests'; readonly retryAfterSeconds: number }
  /** `faults` name the variables or props, and repeat no value. */
  | {
      readonly kind: 'not_configured'
      readonly where: 'worker' | 'binding'
      readonly faults: readonly string[]
    }
  | { readonly kind: 'not_found'; readonly missing: Missing }
  | { readonly kind: 'method_not_allowed'; readonly allowed: readonly string[] }
  | DeliveryProblem
  /** A bug. */
  | { readonly kind: 'internal' }

/** Why a delivery in a foreign format is not answered as asked. */
export type DeliveryProblem =
  /** Its body cannot be read. Unlike `malformed_json` it is answered 422, because nobody should send it again. */
  | { readonly kind: 'unreadable'; readonly fault: BodyFault }
  /** It is no ExportMetricsServiceRequest of OpenTelemetry. */
  | { readonly kind: 'not_metrics'; readonly encoding: 'protobuf' | 'json' }
  /** No meter in METERS is for what this route takes. */
  | { readonly kind: 'no_meter' }
  /** Some records were not counted and never will be: the first of them, by their places. All others were counted. */
  | { readonly kind: 'records_refused'; readonly errors: readonly ItemError[]; readonly more: number }
  /** Its records are too many, or add up to too many cells; `field` has the most values. Nothing was sent. */
  | { readonly kind: 'too_much'; readonly excess: 'records' | 'cells'; readonly field: string | null }
  /** As many large bodies are being read as may be. Nothing was sent. */
  | { readonly kind: 'busy' }
  /** Increments that are good were not counted, or may not have been. */
  | {
      readonly kind: 'delivery_not_counted'
      readonly refusedCount: number
      readonly unknownCount: number
      readonly canRepeat: boolean
      readonly reasons: readonly string[]
    }

/** Why a body cannot be read. */
export type BodyFault =
  /** It ended before its declared length: the client has gone. */
  | { readonly kind: 'cut_off' }
  /** It came whole, but the gzip in it ends too early, or is none. */
  | { readonly kind: 'gzip_cut_off' }
  | { readonly kind: 'gzip_damaged' }
  /** It came whole, but the JSON array in it has no end. */
  | { readonly kind: 'array_cut_off' }
  /** Nothing in a body of records is JSON. */
  | { readonly kind: 'no_json' }
  | { readonly kind: 'not_utf8' }
  /** `line` counts from 1 in NDJSON, and is null elsewhere; `position` is the parser's, null when it names none. */
  | { readonly kind: 'not_json'; readonly line: number | null; readonly position: string | null }

/** A fault of a parameter: a clause from its schema, such as `must be a string`, or a bound on the answer. */
export type ParameterFault = string | TooMuch

/** An answer would be too large, because of several parameters together. */
export type TooMuch = {
  readonly asked: number
  readonly max: number
  readonly unit: 'buckets' | 'shards' | 'hours'
}

/** Who did not answer in time; `flushes` when a fresh read met a flush at every try. */
export type Source = 'shard' | 'postgres' | 'shard_or_postgres' | 'flushes'

/** Why a token or binding may not do something. */
export type Limit =
  | { readonly kind: 'scope'; readonly scope: Scope }
  /** The endpoint covers all keys. */
  | { readonly kind: 'all_keys'; readonly prefix: string }
  /** These of the request's keys are outside the prefix; `path` names the field that they come from. */
  | {
      readonly kind: 'keys'
      readonly prefix: string
      readonly path: string
      readonly indexes: readonly number[]
    }
  /** These of the request's keys have more segments below the prefix than `depth`. */
  | {
      readonly kind: 'depth'
      readonly depth: number
      readonly prefix: string | null
      readonly indexes: readonly number[]
    }
  /** These of the request's keys are none of those that the token or binding lists. */
  | { readonly kind: 'listed_keys'; readonly indexes: readonly number[] }
  /** The token stands in an address, and has a scope that must not. */
  | { readonly kind: 'token_in_address' }
  /** A Worker that is open to its own machine is asked by a name that is not the machine's own. */
  | { readonly kind: 'other_name' }
  /** A page of another site asks a Worker that is open to its own machine. */
  | { readonly kind: 'other_site' }
  /** No key that begins with the prefix asked for is one that may be read. */
  | { readonly kind: 'no_key_under'; readonly prefix: string }

export type Missing =
  | { readonly kind: 'route'; readonly routes: readonly string[] }
  | { readonly kind: 'key_in_path'; readonly base: string }
  | { readonly kind: 'badge' }
  | { readonly kind: 'dashboard_file' }
