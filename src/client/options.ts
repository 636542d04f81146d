import type { Fetch } from './fetch.ts'
import { checkFields } from './fields.ts'
import type { GiveUpReason } from './give-up.ts'
import type { Increment } from './increment.ts'
import {
  BATCH_BYTES_MAX,
  BATCH_MAX,
  CLOSE_MS,
  HELD_BYTES_MAX,
  HELD_MAX,
  KEEPALIVE_BYTES_MAX,
  LINGER_MS,
  LINGER_MS_MAX,
  REQUEST_ITEMS_MAX,
} from './limits.ts'
import { isInPage } from './page.ts'

export type ClientOptions = {
  /** The Worker's address, such as `https://sumdial.example.workers.dev`. */
  url: string | { readonly href: string }
  /** Sent as `Authorization: Bearer <token>`. */
  token?: string | undefined
  /** How long an increment waits for others before it is sent, in milliseconds; 1,000 by default, at most an hour. */
  lingerMs?: number | undefined
  /** Increments in one request, at most 10,000; 1,000 by default. */
  batchMax?: number | undefined
  /** Increments that are held until they are acknowledged; 100,000 by default. Past it new ones are given up. */
  heldMax?: number | undefined
  /** Bytes that those increments take in requests; 16 MiB by default. */
  heldBytesMax?: number | undefined
  /** Called with increments that will not be sent any more. By default the console is warned, in one line a minute for each kind. */
  onGiveUp?: ((increments: Increment[], reason: GiveUpReason) => void) | undefined
  /**
   * Called for each failure after which a request is sent again, with the number of failures in a row of that request. By
   * default the console is warned of the fourth and later ones, at most once a minute.
   */
  onRetry?: ((reason: string, failures: number) => void) | undefined
  /** Used in place of the global `fetch`. With a service binding: `(url, init) => env.SUMDIAL.fetch(url, init)`. */
  fetch?: Fetch | undefined
}

export type CloseOptions = { deadlineMs?: number | undefined }

/** How much is gathered and held. */
export type CountingBounds = {
  readonly lingerMs: number
  readonly heldMax: number
  readonly heldBytesMax: number
  readonly batchMax: number
  readonly batchBytesMax: number
}

/** Everything that a client is made of, checked, with its defaults. */
export type CheckedOptions = {
  /** The server's address, without a slash at its end. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly bounds: CountingBounds
  readonly fetch: Fetch
  readonly onGiveUp: ClientOptions['onGiveUp']
  readonly onRetry: ClientOptions['onRetry']
}

const NAMES = [
  'url',
  'token',
  'lingerMs',
  'batchMax',
  'heldMax',
  'heldBytesMax',
  'onGiveUp',
  'onRetry',
  'fetch',
] as const satisfies readonly (keyof ClientOptions)[]

/** @throws TypeError that names the first wrong option, and what it should be. */
export function checkOptions(options: ClientOptions): CheckedOptions {
  checkFields('createClient', options, NAMES, '{ url, token }')
  const { token, onGiveUp, onRetry } = options
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))) {
    throw new TypeError('token must be a text such as `sd_...`, without blanks; leave it out for none')
  }
  for (const name of ['onGiveUp', 'onRetry', 'fetch'] as const) {
    const given: unknown = options[name]
    if (given !== undefined && typeof given !== 'function') throw new TypeError(`${name} must be a function`)
  }
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return {
    base: baseOf(options.url),
    headers,
    bounds: boundsOf(options),
    fetch: fetchOf(options),
    onGiveUp,
    onRetry,
  }
}

/** @throws TypeError for a deadline that is no number or negative, or another field. */
export function deadlineOf(options: CloseOptions = {}): number {
  checkFields('close', options, ['deadlineMs'], '{ deadlineMs: 5000 }')
  const { deadlineMs = CLOSE_MS } = options
  if (typeof deadlineMs === 'number' && deadlineMs >= 0) return deadlineMs
  throw new TypeError('deadlineMs must be a number of milliseconds, 0 or more, or Infinity')
}

function boundsOf(options: ClientOptions): CountingBounds {
  const whole = (
    name: keyof typeof options & `${string}M${string}`,
    usual: number,
    min: number,
    max: number,
  ) => {
    const given: unknown = options[name]
    if (given === undefined) return usual
    if (Number.isSafeInteger(given) && Number(given) >= min && Number(given) <= max) return Number(given)
    throw new TypeError(`${name} must be a whole number from ${min} to ${max}`)
  }
  return {
    lingerMs: whole('lingerMs', LINGER_MS, 0, LINGER_MS_MAX),
    batchMax: whole('batchMax', BATCH_MAX, 1, REQUEST_ITEMS_MAX),
    batchBytesMax: isInPage() ? KEEPALIVE_BYTES_MAX : BATCH_BYTES_MAX,
    heldMax: whole('heldMax', HELD_MAX, 0, Number.MAX_SAFE_INTEGER),
    heldBytesMax: whole('heldBytesMax', HELD_BYTES_MAX, 0, Number.MAX_SAFE_INTEGER),
  }
}

/**
 * The global fetch is looked up at each call, so that a later replacement is used; and called as a function, because
 * browsers refuse `fetch` as a method of another object.
 */
function fetchOf({ fetch }: ClientOptions): Fetch {
  return fetch ?? ((url, init) => globalThis.fetch(url, init))
}

const URL_WORDS = "url must be the Worker's address, such as https://sumdial.example.workers.dev"

function baseOf(url: unknown): string {
  const text = typeof url === 'object' && url !== null && 'href' in url ? url.href : url
  if (typeof text !== 'string') throw new TypeError(URL_WORDS)
  const { origin, pathname, protocol } = parsed(text)
  if (!/^https?:$/.test(protocol)) throw new TypeError(`${URL_WORDS}: it begins with https:// or http://`)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

function parsed(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    throw new TypeError(URL_WORDS, { cause })
  }
}
