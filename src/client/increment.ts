import { checkFields, isDate } from './fields.ts'
import { AT_MS_END, AT_MS_MIN, ID_BYTES_MAX, KEY_BYTES_MAX } from './limits.ts'

/** An increment as it was handed in, and as it is handed back when the client gives it up. */
export type Increment = {
  key: string
  value: number
  /** Epoch milliseconds. */
  at: number
  id?: string
}

export type IncrementOptions = {
  /** When it happened; now by default. A number is epoch milliseconds. */
  at?: Date | number | undefined
  /**
   * Its own name, at most 64 bytes: the same id of the same key and hour counts once, however often and by whomever it is
   * handed in. An increment without one shares the name of its batch, which guards every retry of this client.
   */
  id?: string | undefined
}

/**
 * How much is known of an increment that is not settled yet:
 *
 * - `uncounted`: nothing that could have counted it was sent.
 * - `doubted`: it may have been counted, because an answer was lost.
 * - `counted`: an answer said that it was counted, but its request must be sent again for the sake of others.
 */
export type Fate = 'uncounted' | 'doubted' | 'counted'

/** One increment of a request, written out. */
export type Outgoing = {
  /** The JSON object, as it is sent. */
  readonly json: string
  /** Bytes of `json` in UTF-8, with its comma. */
  readonly bytes: number
  fate: Fate
}

/** An increment that was handed in and is not settled. */
export type Pending = Outgoing & { readonly increment: Increment }

/** @throws TypeError for what the server would refuse at any time and from anybody. */
export function hold(key: string, value: number, options: IncrementOptions, nowMs: number): Pending {
  checkText('key', key, KEY_BYTES_MAX)
  checkFields('increment', options, ['at', 'id'], '{ at, id }')
  if (!Number.isSafeInteger(value) || value === 0) {
    throw new TypeError('value must be a whole number other than 0, from -(2^53 - 1) to 2^53 - 1')
  }
  const at = options.at === undefined ? nowMs : timeOf(options.at)
  const { id } = options
  if (id !== undefined) checkText('id', id, ID_BYTES_MAX)
  const increment: Increment = id === undefined ? { key, value, at } : { key, value, at, id }
  return { increment, ...outgoing(JSON.stringify(increment)) }
}

/** @param json one JSON object */
export function outgoing(json: string): Outgoing {
  return { json, bytes: utf8Bytes(json) + 1, fate: 'uncounted' }
}

const CONTROL = /\p{Cc}/u

function checkText(name: string, text: string, bytesMax: number): void {
  if (typeof text !== 'string') throw new TypeError(`${name} must be a text`)
  if (text === '') throw new TypeError(`${name} must not be empty`)
  // Browsers of 2022 lack isWellFormed(). With the flag u, half a surrogate pair is a character of the class Cs.
  if (/\p{Cs}/u.test(text)) throw new TypeError(`${name} must be well-formed Unicode`)
  if (CONTROL.test(text)) throw new TypeError(`${name} must not have control characters`)
  if (utf8Bytes(text) > bytesMax) throw new TypeError(`${name} must have at most ${bytesMax} bytes in UTF-8`)
}

const ENCODER = new TextEncoder()

function utf8Bytes(text: string): number {
  return ENCODER.encode(text).length
}

function timeOf(at: Date | number): number {
  // Not Number(at) of anything: it makes 0 of '' and [], and 1 of true.
  const ms = isDate(at) ? at.getTime() : at
  if (Number.isInteger(ms) && ms >= AT_MS_MIN && ms < AT_MS_END) return ms
  throw new TypeError('at must be a Date or whole epoch milliseconds, in the years 1000 to 9998')
}
