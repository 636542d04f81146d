import { bodyOf, bytesOf, type RequestBatch } from './batch.ts'
import { type Fetch, type FetchInit, signalOf } from './fetch.ts'
import { KEEPALIVE_BYTES_MAX, REQUEST_MS_MAX } from './limits.ts'
import type { Timing } from './timing.ts'

/** The outcome of one request, before anybody judges it. */
export type PostAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Whether it is an error of Sumdial's own: a proxy's error proves nothing about what was counted. */
      readonly isProblem: boolean
      readonly retryAfter: string | null
      /** The parsed JSON; undefined for a body that is none. */
      readonly body: unknown
    }
  | {
      readonly kind: 'failed'
      readonly reason: string
      /** Set by a sender that is certain that nothing was sent. `fetch` alone does not tell. */
      readonly isUnsent?: true
    }

export type Post = {
  /**
   * Sends a batch once. Never rejects. It has called `fetch` when it returns, because a page that goes away runs nothing
   * more.
   *
   * @param outlivesPage asks the browser to send the request even when the page has gone, if it takes so many bytes
   */
  readonly send: (batch: RequestBatch, outlivesPage: boolean) => Promise<PostAnswer>
  /** Whether the browser takes this batch in addition to the requests under way that outlive the page. */
  readonly canOutlive: (batch: RequestBatch) => boolean
}

export type Poster = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  readonly timing: Timing
  /** Once it fires, requests under way are given up as failed. */
  readonly stop: AbortSignal
}

/** Sends batches to `POST /increment`. */
export function postTo(poster: Poster): Post {
  let keepaliveBytes = 0
  const fits = (bytes: number) => keepaliveBytes + bytes <= KEEPALIVE_BYTES_MAX
  return {
    async send(batch, outlivesPage) {
      const body = bodyOf(batch)
      const bytes = outlivesPage ? bytesOf(batch) : 0
      // Past the bound fetch would refuse the request; without keepalive it may still get through.
      const keepalive = outlivesPage && fits(bytes)
      if (keepalive) keepaliveBytes += bytes
      try {
        return await send(poster, batch, keepalive ? { body, keepalive } : { body })
      } finally {
        if (keepalive) keepaliveBytes -= bytes
      }
    },
    canOutlive: (batch) => fits(bytesOf(batch)),
  }
}

async function send(
  { url, headers, fetch, timing, stop }: Poster,
  { name }: RequestBatch,
  more: Pick<FetchInit, 'body' | 'keepalive'>,
): Promise<PostAnswer> {
  const abort = new AbortController()
  const end = () => abort.abort()
  const cancelTimer = timing.after(REQUEST_MS_MAX, end)
  stop.addEventListener('abort', end)
  try {
    const own: Record<string, string> = { ...headers, 'content-type': 'application/json' }
    if (name !== null) own['idempotency-key'] = name
    const init = { method: 'POST', redirect: 'manual', signal: signalOf(abort), ...more } as const
    const response = await fetch(url, { ...init, headers: own })
    const text = await response.text()
    return {
      kind: 'answered',
      status: response.status,
      isProblem: response.headers.get('content-type')?.startsWith('application/problem+json') ?? false,
      retryAfter: response.headers.get('retry-after'),
      body: parse(text),
    }
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) }
  } finally {
    cancelTimer()
    stop.removeEventListener('abort', end)
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  // Node's error for several addresses that all refuse has no message, but a code.
  if (cause instanceof Error && cause.message === '' && 'code' in cause) return String(cause.code)
  if (cause instanceof Error) return cause.message
  // Not String(): a fetch of somebody else's may reject with a value that has no text.
  return typeof cause === 'string' ? cause : 'fetch failed'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
