import { checkFields, isDate } from './fields.ts'
import { checkLabels, type Labels } from './labels.ts'
import { AT_MS_END, AT_MS_MIN, ID_BYTES_MAX, KEY_BYTES_MAX } from './limits.ts'
import { checkText, utf8Bytes } from './text.ts'

/** An increment as it was handed in, and as it is handed back when the client gives it up. */
export type Increment = {
  key: string
  value: number
  /** Epoch milliseconds. */
  at: number
  id?: string
  labels?: Labels
}

export type IncrementOptions = {
  /** When it happened; now by default. A number is epoch milliseconds. */
  at?: Date | number | undefined
  /**
   * Its own name, at most 64 bytes: the same id of the same key and hour counts once, however often and by whomever it is
   * handed in. An increment without one shares the name of its batch, which guards every retry of this client.
   */
  id?: string | undefined
  /** At most 8 texts by name that it can be broken down by, such as `{ plan: 'pro' }`. */
  labels?: Labels | undefined
}

/**
 * How much is known of an increment that is not settled yet:
 *
 * - `uncounted`: nothing that could have counted it was sent.
 * - `doubted`: it may have been counted, because an answer was lost.
 * - `counted`: an answer said that it was counted, but its request must be sent again for the sake of others.
 */
export type Certainty = 'uncounted' | 'doubted' | 'counted'

/** One increment of a request, written out. */
export type Outgoing = {
  /** The JSON object, as it is sent. */
  readonly json: string
  /** Bytes of `json` in UTF-8, with its comma. */
  readonly bytes: number
  certainty: Certainty
}

/** An increment that was handed in and is not settled. */
export type Pending = Outgoing & { readonly increment: Increment }

/** @throws TypeError for what the server would refuse at any time and from anybody. */
export function hold(key: string, value: number, options: IncrementOptions, nowMs: number): Pending {
  checkText('key', key, KEY_BYTES_MAX)
  checkFields('increment', options, ['at', 'id', 'labels'], '{ at, id, labels }')
  if (!Number.isSafeInteger(value) || value === 0) {
    throw new TypeError('value must be a whole number other than 0, from -(2^53 - 1) to 2^53 - 1')
  }
  const at = options.at === undefined ? nowMs : timeOf(options.at)
  const { id, labels } = options
  if (id !== undefined) checkText('id', id, ID_BYTES_MAX)
  if (labels !== undefined) checkLabels(labels, key)
  const increment: Increment = {
    key,
    value,
    at,
    ...(id === undefined ? {} : { id }),
    ...(labels === undefined ? {} : { labels: { ...labels } }),
  }
  return { increment, ...outgoing(JSON.stringify(increment)) }
}

/** @param json one JSON object */
export function outgoing(json: string): Outgoing {
  return { json, bytes: utf8Bytes(json) + 1, certainty: 'uncounted' }
}

function timeOf(at: Date | number): number {
  // Not Number(at) of anything: it makes 0 of '' and [], and 1 of true.
  const ms = isDate(at) ? at.getTime() : at
  if (Number.isInteger(ms) && ms >= AT_MS_MIN && ms < AT_MS_END) return ms
  throw new TypeError('at must be a Date or whole epoch milliseconds, in the years 1000 to 9998')
}
