import { type Batch, bodyOf, bytesOf } from './batch.ts'
import type { Fetch, FetchInit } from './fetch.ts'
import { KEEPALIVE_BYTES_MAX, REQUEST_MS_MAX } from './limits.ts'
import { signalOf } from './signal.ts'
import type { Timing } from './timing.ts'

/** What came of one request, before anybody judges it. */
export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Only this service's own errors can be believed about what was counted; a proxy's cannot. */
      readonly isProblem: boolean
      readonly retryAfter: string | null
      /** Parsed JSON; undefined where it is none. */
      readonly body: unknown
    }
  | { readonly kind: 'failed'; readonly reason: string }

export type Post = {
  /**
   * Sends a batch once. Never rejects, and has called `fetch` when it returns: a page that goes away runs no more of it.
   *
   * @param outlivesPage asks the browser to send it even when the page has gone, as far as it takes so much.
   */
  readonly send: (batch: Batch, outlivesPage: boolean) => Promise<Answer>
  /** Whether the browser takes it too, beside the requests under way that outlive the page. */
  readonly canOutlive: (batch: Batch) => boolean
}

export type Poster = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly fetch: Fetch
  readonly timing: Timing
  /** Fired: nothing more is waited for. */
  readonly stop: AbortSignal
}

/** What `POST /increment` is sent with. */
export function postTo(poster: Poster): Post {
  let keepaliveBytes = 0
  const fits = (bytes: number) => keepaliveBytes + bytes <= KEEPALIVE_BYTES_MAX
  return {
    async send(batch, outlivesPage) {
      const body = bodyOf(batch)
      const bytes = outlivesPage ? bytesOf(batch) : 0
      // Past the bound fetch would refuse; without keepalive it may get through yet.
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
  { name }: Batch,
  more: Pick<FetchInit, 'body' | 'keepalive'>,
): Promise<Answer> {
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
  if (cause instanceof Error) return cause.message
  // Not String(): what another's fetch rejects with may have no text at all.
  return typeof cause === 'string' ? cause : 'fetch failed'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
