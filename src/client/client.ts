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
  /** Bytes of them as they are sent; 16 MiB by default. */
  heldBytesMax?: number | undefined
  /** Hears of increments that will not be sent any more. By default the console is warned of each, in one line of a kind a minute. */
  onGiveUp?: ((increments: Increment[], reason: GiveUpReason) => void) | undefined
  /**
   * Hears of each failure after which a request is sent again, with the failures in a row of that request. By default
   * the console is warned of the fourth and later ones, once a minute at most.
   */
  onRetry?: ((reason: string, failures: number) => void) | undefined
  /** In place of the global `fetch`: of a service binding, `(url, init) => env.SUMDIAL.fetch(url, init)`. */
  fetch?: Fetch | undefined
}

export type Sumdial = {
  /**
   * Counts `value`, 1 by default. Returns at once, and sends it in the background until the server has it.
   *
   * @throws TypeError for what no server would take: an empty key, one of more than 512 bytes or with control
   *   characters, a value that is 0 or not a safe integer, a bad `at` or `id`. Never for a network.
   */
  increment(key: string, value?: number, options?: IncrementOptions): void
  /** Sends now; resolves when all that was handed in before is acknowledged or given up. Never rejects. */
  flush(): Promise<void>
  /**
   * Takes no more, sends what it holds, and gives up what is not acknowledged after `deadlineMs`: 10,000 by default,
   * 2^31 - 1 at most, or Infinity to wait as long as it takes. Never rejects.
   *
   * @throws TypeError for a deadline that is no number, or negative: at once, and then it is not closed.
   */
  close(options?: { deadlineMs?: number | undefined }): Promise<void>
  /** Increments handed in that are neither acknowledged nor given up. */
  readonly held: number
  /** @throws SumdialError, or what `fetch` throws, as all that reads. */
  read(key: string, query?: ReadQuery): Promise<Counter>
  /** Up to 20 keys in one request; in their order. */
  read(keys: readonly string[], query?: ReadQuery): Promise<Counter[]>
  /** One page. */
  list(query?: ListQuery): Promise<List>
  /** The items of all pages, one after the other. */
  listAll(query?: ListQuery): AsyncIterable<ListItem>
  /** May this hour be invoiced? `2026-11-21T20Z`, or a time in it. */
  hour(hour: string | Date): Promise<Hour>
}

/** @throws TypeError for options that make no client. */
export function createClient(options: ClientOptions): Sumdial {
  return createClientWith(options, runtimeTiming)
}

/** The same with a time of its own, for tests. */
export function createClientWith(options: ClientOptions, timing: Timing): Sumdial {
  const base = baseOf(options.url)
  const headers: Record<string, string> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
  // At each call: what is put into its place later is used. And not as a method of the options, which browsers refuse.
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

/** What is left out, or set to undefined, is the default. */
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
