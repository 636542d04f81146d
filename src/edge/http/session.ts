import { getCookie, setCookie } from 'hono/cookie'
import { bearerToken } from './authorization.ts'
import type { EdgeContext, Needs } from './context.ts'
import type { SessionAnswer } from './session-answer.ts'

/** A year: a token is entered once. A session ends with its token, whose hash is looked up at each request. */
const SESSION_SECONDS = 365 * 86_400

/**
 * The token of a browser's session; undefined without a session, and where a session does not apply. [S2]
 *
 * Another site cannot use it: the cookie is SameSite=Strict, and no answer allows credentials to another origin. What
 * is not a GET must come from a page of this very origin, which browsers say themselves. And a session never counts,
 * so that no page can be made to count in somebody's name; programs that count send their token.
 */
export function sessionToken(c: EdgeContext, needs: Needs): string | undefined {
  if (needs === 'write' || needs === 'hit') return undefined
  const { method } = c.req
  if (method !== 'GET' && method !== 'HEAD' && !isOwnPage(c.req.raw)) return undefined
  // Empty is a session that was ended.
  return getCookie(c, COOKIE, cookiePrefix(c)) || undefined
}

/** Browsers have sent Sec-Fetch-Site since 2023 at the latest (Safari 16.4); older ones send Origin with every POST. */
function isOwnPage({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  return site === null ? headers.get('origin') === new URL(url).origin : site === 'same-origin'
}

const COOKIE = 'sumdial'

/** `__Host-` binds the cookie to this host and to HTTPS; browsers refuse it from plain HTTP, as on localhost. */
function cookiePrefix(c: EdgeContext): 'host' | undefined {
  return c.req.url.startsWith('https:') ? 'host' : undefined
}

/** Sets the session's cookie. An empty token with 0 seconds takes it back. */
function setSession(c: EdgeContext, token: string, maxAge: number): void {
  const prefix = cookiePrefix(c)
  const flags = { path: '/', httpOnly: true, sameSite: 'Strict', maxAge } as const
  setCookie(c, COOKIE, token, prefix === undefined ? flags : { ...flags, prefix, secure: true })
}

export type SessionConfig = { readonly isOpen: boolean; readonly flushIntervalMs: number }

function sessionOf(c: EdgeContext, { isOpen, flushIntervalMs }: SessionConfig): SessionAnswer {
  const { name, scopes, prefix } = c.get('grant')
  return { name: shownName(name), scopes, prefix, isOpen, flushIntervalSeconds: flushIntervalMs / 1000 }
}

/** A grant's name as people gave it, without the kind before its line feed. */
function shownName(name: string): string {
  return name.slice(name.indexOf('\n') + 1)
}

/** `GET /session`: whose page this is. */
export function readSession(c: EdgeContext, config: SessionConfig): Response {
  return c.json(sessionOf(c, config))
}

/** `POST /session` with `Authorization: Bearer <token>`: keeps the token in a cookie that no script can read. */
export function signIn(c: EdgeContext, config: SessionConfig): Response {
  const token = bearerToken(c.req.raw.headers)
  if (token !== undefined) setSession(c, token, SESSION_SECONDS)
  return c.json(sessionOf(c, config))
}

/** `DELETE /session`: for everyone, also with a token that is no longer known. */
export function signOut(c: EdgeContext): Response {
  setSession(c, '', 0)
  return c.body(null, 204)
}
