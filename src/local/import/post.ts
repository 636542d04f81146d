/** Time for one request. A full one takes well under a second; past a minute nobody knows what became of it. */
export const REQUEST_TIMEOUT_MS = 60_000

/** What came of one `POST /increment`, before anybody judges it. */
export type Answer =
  | {
      readonly kind: 'answered'
      readonly status: number
      /** Only this service's own errors can be believed about what was counted; a proxy's cannot. */
      readonly isProblem: boolean
      readonly retryAfter: string | null
      readonly location: string | null
      /** Parsed JSON, or the text where it is none. */
      readonly body: unknown
    }
  | {
      readonly kind: 'failed'
      /** No connection was made, so nothing was sent and nothing was counted. */
      readonly neverConnected: boolean
      readonly reason: string
    }

/** Sends one request with a JSON array of increments. Never rejects. */
export type Post = (body: string) => Promise<Answer>

/** @param base the Worker's address; `/increment` is added to its path */
export function postTo(base: URL, token: string | undefined, timeoutMs = REQUEST_TIMEOUT_MS): Post {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/increment`
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  return async (body) => {
    try {
      // A redirect is not followed: a 301 would turn the POST into a GET, and take the token elsewhere.
      const signal = AbortSignal.timeout(timeoutMs)
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      return await answered(response)
    } catch (error) {
      return failed(error)
    }
  }
}

async function answered(response: Response): Promise<Answer> {
  const text = await response.text()
  return {
    kind: 'answered',
    status: response.status,
    isProblem: response.headers.get('content-type')?.startsWith('application/problem+json') ?? false,
    retryAfter: response.headers.get('retry-after'),
    location: response.headers.get('location'),
    body: jsonOrText(text),
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Errors of name lookup and of connecting: they come before the first byte is sent. */
const BEFORE_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function failed(error: unknown): Answer {
  // undici says "fetch failed" and keeps what happened in `cause`.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  const message = cause instanceof Error ? cause.message : String(cause)
  return {
    kind: 'failed',
    neverConnected: BEFORE_CONNECTED.has(code),
    reason: message || code || 'the connection failed',
  }
}
