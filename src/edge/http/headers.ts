import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

/**
 * What every answer has, unless it has another of its own. By hand: of the fourteen of hono/secure-headers most say
 * nothing about JSON, and each costs a call into the runtime.
 */
const STANDARD: Readonly<Record<string, string>> = {
  // Counts change, and are not for a cache that others share.
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  // One year. Without includeSubDomains: what else lives below the host is not Sumdial's to decide.
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
}

/** The headers of an answer that is made often, made once: copying them takes the runtime one call. */
export function headersOf(contentType: string): Headers {
  return new Headers({ ...STANDARD, 'content-type': contentType })
}

/** Completes what was not made with headersOf. */
export function withHeaders(response: Response): Response {
  if (response.headers.has('x-content-type-options')) return response
  for (const [name, value] of Object.entries(STANDARD)) {
    if (!response.headers.has(name)) response.headers.set(name, value)
  }
  return response
}

export const standardHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  withHeaders(c.res)
}

/** Browsers keep the answer to a preflight for two hours at most (Chromium). */
const PREFLIGHT_SECONDS = 7_200

/**
 * Lets pages of these origins use the API, with a token and without cookies. Preflights, which never carry a token,
 * are answered here.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  const answer = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['authorization', 'content-type', 'idempotency-key'],
    exposeHeaders: ['retry-after'],
    maxAge: PREFLIGHT_SECONDS,
  })
  return async (c, next) => {
    if (c.req.raw.headers.has('origin')) return answer(c, next)
    // No page asks. hono/cors would copy the answer all the same, which servers that count need not pay for.
    await next()
    c.res.headers.append('vary', 'Origin')
  }
}
