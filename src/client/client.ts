import type { Counter, Hour, LabelList, List, ListItem, PrefixCounter } from './answers.ts'
import { Counting } from './counting.ts'
import { type Warner, warner } from './give-up.ts'
import { hold, type IncrementOptions } from './increment.ts'
import {
  type CheckedOptions,
  type ClientOptions,
  type CloseOptions,
  checkOptions,
  deadlineOf,
} from './options.ts'
import { onLeave } from './page.ts'
import { postTo } from './post.ts'
import { type LabelsQuery, type ListQuery, Reading, type ReadQuery } from './read/reading.ts'
import { needWebCrypto, runtimeTiming, type Timing } from './timing.ts'

export type Sumdial = {
  /**
   * Counts `value`, 1 by default. Returns at once, and sends it in the background until the server has it.
   *
   * @throws TypeError for an increment that no server would take: a key that is empty, longer than 512 bytes or has control
   *   characters; a value that is 0 or not a safe integer; a bad `at`, `id` or label. Never because of the network.
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
  close(options?: CloseOptions): Promise<void>
  /** How many increments are neither acknowledged nor given up. */
  readonly held: number
  /** Sums of one key. Like every method that reads, rejects with a SumdialError or with the error of `fetch`. */
  read(key: string, query?: ReadQuery): Promise<Counter>
  /** Sums of up to 20 keys, in the order of the keys: in one request, or in several one after the other when the keys are long. */
  read(keys: readonly string[], query?: ReadQuery): Promise<Counter[]>
  /** Sums of all keys that begin with a prefix, added up: `site/` for whole segments, the empty text for all keys. */
  readPrefix(prefix: string, query?: ReadQuery): Promise<PrefixCounter>
  /** The labels of a key or prefix, as Postgres has them: what `by` and `where` can ask for. */
  labels(query: LabelsQuery): Promise<LabelList>
  /** One page of a list. */
  list(query?: ListQuery): Promise<List>
  /** The items of all pages, page after page. */
  listAll(query?: ListQuery): AsyncIterable<ListItem>
  /** Whether an hour may be invoiced. It is given as `2026-11-21T20Z` or as a time within it. */
  hour(hour: string | Date): Promise<Hour>
}

/**
 * @throws TypeError for options that are wrong or unknown, and where the runtime lacks Web Crypto, as Node 18 does.
 */
export function createClient(options: ClientOptions): Sumdial {
  needWebCrypto()
  return createClientWith(options, runtimeTiming)
}

/** createClient with a clock, timers and chance of the caller's; for tests. */
export function createClientWith(options: ClientOptions, timing: Timing): Sumdial {
  const checked = checkOptions(options)
  const warn = warner(timing, (line) => console.warn(line))
  const counting = countingOf(checked, timing, warn)
  const reading = new Reading({ ...checked, timing })
  const stay = onLeave(() => counting.leavePage())
  const end = () => {
    stay()
    warn.sayRest()
  }
  let closing: Promise<void> | undefined

  function read(key: string, query?: ReadQuery): Promise<Counter>
  function read(keys: readonly string[], query?: ReadQuery): Promise<Counter[]>
  async function read(key: string | readonly string[], query?: ReadQuery): Promise<Counter | Counter[]> {
    return typeof key === 'string' ? reading.read(key, query) : reading.readAll(key, query)
  }

  return {
    increment: (key, value = 1, more = {}) => counting.take(hold(key, value, more, timing.now())),
    flush: () => counting.flush(),
    close(more) {
      const deadlineMs = deadlineOf(more)
      closing ??= counting.close(deadlineMs).finally(end)
      return closing
    },
    get held() {
      return counting.held
    },
    read,
    readPrefix: (prefix, query) => reading.readPrefix(prefix, query),
    labels: (query) => reading.labels(query),
    list: (query) => reading.list(query),
    listAll: (query) => reading.listAll(query),
    hour: (hour) => reading.hour(hour),
  }
}

function countingOf(
  { base, headers, fetch, bounds, onGiveUp, onRetry }: CheckedOptions,
  timing: Timing,
  warn: Warner,
): Counting {
  const stop = new AbortController()
  return new Counting({
    bounds,
    post: postTo({ url: `${base}/increment`, headers, fetch, timing, stop: stop.signal }),
    timing,
    stop,
    onGiveUp: onGiveUp ?? ((increments, reason) => warn.gaveUp(increments.length, reason)),
    onRetry: onRetry ?? warn.retries,
  })
}
