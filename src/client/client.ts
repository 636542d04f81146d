import type { Counter, Hour, List, ListItem } from './answers.ts'
import { Counting } from './counting.ts'
import type { Fetch } from './fetch.ts'
import { type GiveUpReason, type Warner, warner } from './give-up.ts'
import { hold, type Increment, type IncrementOptions } from './increment.ts'
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
import { isInPage, onLeave } from './page.ts'
import { postTo } from './post.ts'
import { type ListQuery, Reading, type ReadQuery } from './reading.ts'
import { runtimeTiming, type Timing } from './timing.ts'

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

export type Sumdial = {
  /**
   * Counts `value`, 1 by default. Returns at once, and sends it in the background until the server has it.
   *
   * @throws TypeError for an increment that no server would take: a key that is empty, longer than 512 bytes or has control
   *   characters; a value that is 0 or not a safe integer; a bad `at` or `id`. Never because of the network.
   */
  increment(key: string, value?: number, options?: IncrementOptions): void
  /** Sends now. Resolves when everything handed in before is acknowledged or given up; never rejects. */
  flush(): Promise<void>
  /**
   * Takes no more increments, sends those it holds, and gives up those that are not acknowledged after `deadlineMs`: 10,000
   * by default, at most 2^31 - 1, or Infinity to wait as long as it takes. Never rejects.
   *
   * @throws TypeError at once for a deadline that is no number or negative; the client is not closed then.
   */
  close(options?: { deadlineMs?: number | undefined }): Promise<void>
  /** How many increments are neither acknowledged nor given up. */
  readonly held: number
  /** Sums of one key. Like every method that reads, rejects with a SumdialError or with the error of `fetch`. */
  read(key: string, query?: ReadQuery): Promise<Counter>
  /** Sums of up to 20 keys in one request, in the order of the keys. */
  read(keys: readonly string[], query?: ReadQuery): Promise<Counter[]>
  /** One page of a list. */
  list(query?: ListQuery): Promise<List>
  /** The items of all pages, page after page. */
  listAll(query?: ListQuery): AsyncIterable<ListItem>
  /** Whether an hour may be invoiced. It is given as `2026-11-21T20Z` or as a time within it. */
  hour(hour: string | Date): Promise<Hour>
}

/** @throws TypeError for options that are out of bounds, or an address that is not http or https. */
export function createClient(options: ClientOptions): Sumdial {
  return createClientWith(options, runtimeTiming)
}

/** createClient with a clock, timers and chance of the caller's; for tests. */
export function createClientWith(options: ClientOptions, timing: Timing): Sumdial {
  const base = baseOf(options.url)
  const headers: Record<string, string> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
  // Looked up at each call, so that a later replacement is used; and called as a function, because browsers refuse `fetch`
  // as a method of another object.
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
  const warn = warner(timing, (line) => console.warn(line))
  const counting = countingOf(options, timing, warn, { base, headers, fetch })
  const reading = new Reading({ base, headers, fetch, timing })
  const stay = onLeave(() => counting.leavePage())
  const end = () => {
    stay()
    warn.sayRest()
  }
  let closing: Promise<void> | undefined

  function read(key: string, query?: ReadQuery): Promise<Counter>
  function read(keys: readonly string[], query?: ReadQuery): Promise<Counter[]>
  async function read(key: string | readonly string[], query: ReadQuery = {}): Promise<Counter | Counter[]> {
    return typeof key === 'string' ? reading.read(key, query) : reading.readAll(key, query)
  }

  return {
    increment: (key, value = 1, more = {}) => counting.take(hold(key, value, more, timing.now())),
    flush: () => counting.flush(),
    close({ deadlineMs = CLOSE_MS } = {}) {
      if (!(typeof deadlineMs === 'number' && deadlineMs >= 0)) {
        throw new TypeError('deadlineMs must be a number of milliseconds, 0 or more, or Infinity')
      }
      closing ??= counting.close(deadlineMs).finally(end)
      return closing
    },
    get held() {
      return counting.held
    },
    read,
    list: (query = {}) => reading.list(query),
    listAll: (query = {}) => reading.listAll(query),
    hour: (hour) => reading.hour(typeof hour === 'string' ? hour : `${hour.toISOString().slice(0, 13)}Z`),
  }
}

type Address = { readonly base: string; readonly headers: Record<string, string>; readonly fetch: Fetch }

/** A bound of the options. One that is left out or undefined has its default. */
function boundOf(name: keyof ClientOptions, given: number | undefined, usual: number, max: number): number {
  if (given === undefined) return usual
  if (Number.isSafeInteger(given) && given >= 0 && given <= max) return given
  throw new TypeError(`${name} must be a whole number from 0 to ${max}`)
}

function countingOf(
  options: ClientOptions,
  timing: Timing,
  warn: Warner,
  { base, headers, fetch }: Address,
): Counting {
  const stop = new AbortController()
  return new Counting({
    bounds: {
      lingerMs: boundOf('lingerMs', options.lingerMs, LINGER_MS, LINGER_MS_MAX),
      batchMax: boundOf('batchMax', options.batchMax, BATCH_MAX, REQUEST_ITEMS_MAX),
      batchBytesMax: isInPage() ? KEEPALIVE_BYTES_MAX : BATCH_BYTES_MAX,
      heldMax: boundOf('heldMax', options.heldMax, HELD_MAX, Number.MAX_SAFE_INTEGER),
      heldBytesMax: boundOf('heldBytesMax', options.heldBytesMax, HELD_BYTES_MAX, Number.MAX_SAFE_INTEGER),
    },
    post: postTo({ url: `${base}/increment`, headers, fetch, timing, stop: stop.signal }),
    timing,
    stop,
    onGiveUp: options.onGiveUp ?? ((increments, reason) => warn.gaveUp(increments.length, reason)),
    onRetry: options.onRetry ?? warn.retries,
  })
}

function baseOf(url: ClientOptions['url']): string {
  const { origin, pathname, protocol } = new URL(typeof url === 'string' ? url : url.href)
  if (!/^https?:$/.test(protocol)) throw new TypeError('url must begin with https:// or http://')
  return `${origin}${pathname.replace(/\/+$/, '')}`
}
