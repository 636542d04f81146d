import type { Clock } from '../../clock.ts'
import { KEYS_TOGETHER_MAX, SHARED_CALL_MS_MAX } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import type { Unsettled } from '../../model/read.ts'
import type { Shards } from '../ports.ts'
import { within } from '../timeout.ts'

/** The end of a call, which is the same for all who wait for it. */
type CallOutcome = { readonly answers: readonly Unsettled[] } | { readonly error: unknown }

/** A call to a shard for the keys of some reads. */
type Call = {
  /** The place of each key among those that are asked for. */
  readonly places: Map<string, number>
  /** Tell those who wait. */
  readonly waiters: ((outcome: CallOutcome) => void)[]
}

/** The calls of an isolate to one shard: one that is under way since then, and one that gathers meanwhile. */
type CallLine = { underWay: Call; sinceMs: number; next: Call | null }

/**
 * Asks shards for the keys of an isolate's reads. To each shard one call is under way at a time, and the reads that come
 * meanwhile share the next. So a hot shard has a call for each round trip instead of one for each read, which saves time
 * on both sides, and calls are billed.
 *
 * A read joins no call that has been sent already, because the shard may have answered before the read began. [R1]
 *
 * I/O belongs to the request that began it: see edge/coalesce/coalescer.ts for the traps. The first read of a call makes
 * it, and is kept alive for that long. Each waits for a promise that it made itself, because a read that waited for
 * another request's promise would go on in the turn of that request.
 */
export class SharedCalls {
  readonly #ask: Shards['unsettled']
  readonly #clock: Clock
  readonly #lines = new Map<string, CallLine>()

  constructor(ask: Shards['unsettled'], clock: Clock) {
    this.#ask = ask
    this.#clock = clock
  }

  /**
   * Reads what Postgres may not have yet of each of these keys, in their order. Rejects as the call does.
   *
   * @param keepAlive `waitUntil` of the request that reads.
   */
  async ask(
    shard: string,
    keys: readonly string[],
    keepAlive: (turn: Promise<unknown>) => void,
  ): Promise<readonly Unsettled[]> {
    const line = this.#lines.get(shard)
    const call = line?.next ?? emptyCall()
    if (call.places.size + keys.length > KEYS_TOGETHER_MAX) return this.#ask(shard, keys)
    for (const key of keys) if (!call.places.has(key)) call.places.set(key, call.places.size)
    const over = wait(call)
    if (line === undefined || this.#isLost(line)) keepAlive(this.#begin(shard, call))
    else if (line.next === null) keepAlive(this.#follow(shard, line, call))
    const outcome = await over
    if ('error' in outcome) throw outcome.error
    const answerOf = (key: string) => outcome.answers[must(call.places.get(key), 'the place of a key')]
    return keys.map((key) => must(answerOf(key), "a shard's answer for a key"))
  }

  /** The platform may end a request although it is kept alive, and then nobody sends the next call. */
  #isLost({ sinceMs }: CallLine): boolean {
    return this.#clock.now() - sinceMs > 2 * SHARED_CALL_MS_MAX
  }

  #begin(shard: string, call: Call): Promise<void> {
    const line: CallLine = { underWay: call, sinceMs: this.#clock.now(), next: null }
    this.#lines.set(shard, line)
    return this.#send(shard, line, call)
  }

  /** Sends a call once the one before it is over, however that ended, or takes too long. */
  async #follow(shard: string, line: CallLine, call: Call): Promise<void> {
    line.next = call
    await Promise.allSettled([within(this.#clock, SHARED_CALL_MS_MAX, wait(line.underWay))])
    Object.assign(line, { underWay: call, sinceMs: this.#clock.now(), next: null })
    await this.#send(shard, line, call)
  }

  /** Never rejects, because those who wait are told. */
  async #send(shard: string, line: CallLine, call: Call): Promise<void> {
    const outcome = await outcomeOf(this.#ask(shard, [...call.places.keys()]))
    for (const tell of call.waiters) tell(outcome)
    const isAtRest = line.next === null && line.underWay === call
    if (isAtRest && this.#lines.get(shard) === line) this.#lines.delete(shard)
  }
}

function emptyCall(): Call {
  return { places: new Map(), waiters: [] }
}

function wait({ waiters }: Call): Promise<CallOutcome> {
  const { promise, resolve } = Promise.withResolvers<CallOutcome>()
  waiters.push(resolve)
  return promise
}

async function outcomeOf(answering: Promise<readonly Unsettled[]>): Promise<CallOutcome> {
  try {
    return { answers: await answering }
  } catch (error) {
    return { error }
  }
}
