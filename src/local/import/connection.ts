import {
  type Fetch,
  type FetchAnswer,
  type FetchInit,
  judge,
  type Post,
  type PostAnswer,
  postTo,
  runtimeTiming,
  type Timing,
} from '../../client/internal.ts'
import { nobodyAnswers, wasNeverReached } from '../unreached.ts'

/** How long the import goes on without progress: as long as a server takes to be started again, or to recover. */
export const PATIENCE_MS = 60_000

/** Statuses that may pass by themselves, or that a proxy may give to one request and not to the next. */
const PASSING: ReadonlySet<number> = new Set([400, 408, 413, 415, 422, 425, 429])

/** Sent by Sumdial itself, these would be the answer to every request of this import. */
const BAD_REQUEST: ReadonlySet<number> = new Set([400, 415])

export type ConnectionOptions = {
  readonly url: URL
  readonly token: string | undefined
  readonly fetch?: Fetch
  readonly timing?: Timing
}

/** Sends requests until it is clear that no other one will get through. */
export class Connection {
  readonly post: Post
  readonly #url: string
  readonly #timing: Timing
  readonly #over = new AbortController()
  #reason: string | null = null
  #hasAnswered = false
  /** Since when every request has failed; null after one that got through. */
  #failingSinceMs: number | null = null

  constructor({ url, token, fetch = globalThis.fetch, timing = runtimeTiming }: ConnectionOptions) {
    this.#url = `${url.origin}${url.pathname.replace(/\/+$/, '')}`
    this.#timing = timing
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    // Never fires: a request under way is always waited for, because its answer says what was counted.
    const stop = new AbortController().signal
    this.post = {
      canOutlive: () => false,
      send: async (batch) => {
        let isUnsent = false
        const watched: Fetch = (address, init) =>
          this.#fetch(fetch, address, init, () => {
            isUnsent = true
          })
        const post = postTo({ url: `${this.#url}/increment`, headers, timing, fetch: watched, stop })
        const sent = await post.send(batch, false)
        const answer: PostAnswer = sent.kind === 'failed' && isUnsent ? { ...sent, isUnsent } : sent
        this.#weigh(answer, batch.items.length)
        return answer
      },
    }
  }

  /** Fires when nothing more may be sent. */
  get over(): AbortSignal {
    return this.#over.signal
  }

  /** Why nothing more may be sent; null while all is well. */
  get reason(): string | null {
    return this.#reason
  }

  stop(reason: string): void {
    this.#reason ??= reason
    this.#over.abort()
  }

  async #fetch(
    fetch: Fetch,
    address: string,
    init: FetchInit,
    onUnreached: () => void,
  ): Promise<FetchAnswer> {
    try {
      const response = await fetch(address, init)
      this.#hasAnswered = true
      const { status, headers } = response
      const location = status >= 300 && status < 400 ? headers.get('location') : null
      if (location !== null) {
        this.stop(`${this.#url} redirects to ${location}. Pass that address as --url, without /increment.`)
      }
      return response
    } catch (error) {
      if (wasNeverReached(error)) {
        onUnreached()
        if (!this.#hasAnswered) this.stop(nobodyAnswers(this.#url))
      }
      throw error
    }
  }

  /** Judges an answer as the delivery does, and stops when the next request would get the same. */
  #weigh(answer: PostAnswer, size: number): void {
    const nowMs = this.#timing.now()
    const judgement = judge(answer, size, nowMs)
    if (judgement.kind === 'bad-request' && BAD_REQUEST.has(judgement.status)) {
      this.stop(judgement.reason)
    } else if (judgement.kind !== 'again') {
      this.#failingSinceMs = null
    } else if (answer.kind === 'answered' && isFinal(answer.status)) {
      this.stop(withAdvice(answer.status, judgement.reason))
    } else {
      this.#failingSinceMs ??= nowMs
      const failingMs = nowMs - this.#failingSinceMs
      if (failingMs >= PATIENCE_MS) {
        this.stop(`No request got through for ${Math.round(failingMs / 1000)} seconds: ${judgement.reason}`)
      }
    }
  }
}

function isFinal(status: number): boolean {
  return status >= 300 && status < 500 && !PASSING.has(status)
}

function withAdvice(status: number, reason: string): string {
  return status === 401 ? `${reason} Pass a token that may write in SUMDIAL_TOKEN, or with --token.` : reason
}
