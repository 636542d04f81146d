import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

/**
 * The headers of every answer, unless it sets its own. They are written by hand because most of the fourteen of
 * hono/secure-headers mean nothing for JSON, and each costs a call into the runtime.
 */
const STANDARD: Readonly<Record<string, string>> = {
  // Counts change, and must not get into a cache that others share.
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  // One year. Without includeSubDomains, because what else lives below the host is not Sumdial's to decide.
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
}

/** Makes the headers of a kind of answer, once: to copy them costs one call into the runtime. */
export function headersOf(contentType: string): Headers {
  return new Headers({ ...STANDARD, 'content-type': contentType })
}

/** Adds the standard headers to a response that was not made with `headersOf`. */
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

/** Two hours, the longest that Chromium keeps the answer to a preflight. */
const PREFLIGHT_SECONDS = 7_200

/**
 * Lets pages of these origins call the API with a token and without cookies. Preflights are answered here, because they
 * never carry a token.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  const answer = cors({
    origin: [...origins],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['authorization', 'content-encoding', 'content-type', 'idempotency-key'],
    // All of them: how fresh an answer is, the next page, and when to come again.
    exposeHeaders: ['*'],
    maxAge: PREFLIGHT_SECONDS,
  })
  return async (c, next) => {
    const { method, headers } = c.req.raw
    // An OPTIONS that is no preflight is a route's own, such as the question of a sender of web hooks.
    const isOfRoute = method === 'OPTIONS' && !headers.has('access-control-request-method')
    if (headers.has('origin') && !isOfRoute) return answer(c, next)
    // No page asks. hono/cors would copy the answer even then, and servers that count need not pay for that.
    await next()
    c.res.headers.append('vary', 'Origin')
  }
}
