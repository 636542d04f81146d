import { AT_MS_END, AT_MS_MIN, ID_BYTES_MAX, KEY_BYTES_MAX } from './limits.ts'
import { utf8Bytes } from './utf8.ts'

/** What was handed in, as it is handed back when it has to be given up. */
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
   * Its own name, at most 64 bytes: the same id of the same key and hour counts once, however often and by whomever
   * it is handed in. Without one its batch has a name, which guards every retry of this client.
   */
  id?: string | undefined
}

/**
 * What is known of an increment that is not settled: nothing that could have counted it; that it may have been
 * counted; that it was, by an answer to a request that must still be sent again for the sake of others.
 */
export type Fate = 'uncounted' | 'doubted' | 'counted'

/** An increment on its way. */
export type Held = {
  readonly increment: Increment
  /** As it is sent. */
  readonly json: string
  /** Of `json`, with its comma. */
  readonly bytes: number
  fate: Fate
}

/** @throws TypeError for what the server would refuse whenever and by whomever it were sent. */
export function hold(key: string, value: number, options: IncrementOptions, nowMs: number): Held {
  checkText('key', key, KEY_BYTES_MAX)
  if (!Number.isSafeInteger(value) || value === 0) {
    throw new TypeError('value must be a whole number other than 0, and exact: at most 2^53 - 1')
  }
  const at = timeOf(options.at ?? nowMs)
  const { id } = options
  if (id !== undefined) checkText('id', id, ID_BYTES_MAX)
  const increment: Increment = id === undefined ? { key, value, at } : { key, value, at, id }
  const json = JSON.stringify(increment)
  return { increment, json, bytes: utf8Bytes(json) + 1, fate: 'uncounted' }
}

const CONTROL = /\p{Cc}/u

function checkText(name: string, text: string, bytesMax: number): void {
  if (typeof text !== 'string' || text === '') throw new TypeError(`${name} must be a text that is not empty`)
  // Not isWellFormed(), which browsers of 2022 lack: with the flag u half a surrogate pair is a character of class Cs.
  if (/\p{Cs}/u.test(text)) throw new TypeError(`${name} must be well-formed Unicode`)
  if (CONTROL.test(text)) throw new TypeError(`${name} must not have control characters`)
  if (utf8Bytes(text) > bytesMax) throw new TypeError(`${name} must have at most ${bytesMax} bytes in UTF-8`)
}

function timeOf(at: Date | number): number {
  const ms = Number(at)
  if (Number.isInteger(ms) && ms >= AT_MS_MIN && ms < AT_MS_END) return ms
  throw new TypeError('at must be a Date or whole epoch milliseconds, of years 1000 to 9998')
}
