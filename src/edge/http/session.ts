import type { Grant } from '../../model/token.ts'
import { bearerToken } from './authenticate.ts'
import type { EdgeContext, Needs } from './context.ts'

/** A year: a token is entered once. It dies when its token does, whose hash is looked up at each request. */
const SESSION_SECONDS = 365 * 86_400

/**
 * The token of a browser's session; undefined without one, and where a session does not count. [S2]
 *
 * A page elsewhere cannot read with it: the cookie is SameSite=Strict, and no answer allows credentials to another
 * origin. Nor can it change anything: what is not a GET must come from a page of this very origin, which browsers say
 * themselves. And a session never counts: that is for programs, which send their token, so no page whatever can be
 * made to count in somebody's name.
 */
export function sessionToken(request: Request, needs: Needs): string | undefined {
  if (needs === 'write') return undefined
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  return isSafe || isOwnPage(request) ? cookieOf(request) : undefined
}

/** Browsers have sent Sec-Fetch-Site since 2023 at the latest (Safari 16.4); before, Origin with every POST. */
function isOwnPage({ headers, url }: Request): boolean {
  const site = headers.get('sec-fetch-site')
  return site === null ? headers.get('origin') === new URL(url).origin : site === 'same-origin'
}

/** `__Host-` binds it to this very host and to HTTPS; a browser refuses it from plain HTTP, as on localhost. */
function cookieName({ url }: Request): string {
  return url.startsWith('https:') ? '__Host-sumdial' : 'sumdial'
}

function cookieOf(request: Request): string | undefined {
  const name = cookieName(request)
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const [key = '', value = ''] = part.split('=')
    if (key.trim() === name) return decode(value.trim())
  }
  return undefined
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined
  } catch {
    // Nobody here has set it.
    return undefined
  }
}

/** Sets the cookie, or with an empty value takes it back. */
function setCookie(request: Request, value: string, seconds: number): { readonly 'set-cookie': string } {
  const isSecure = request.url.startsWith('https:') ? '; Secure' : ''
  const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${isSecure}`
  return { 'set-cookie': `${cookieName(request)}=${encodeURIComponent(value)}; ${flags}` }
}

/** What a page may know of who looks at it. */
type Who = Pick<Grant, 'name' | 'scopes' | 'prefix'> & {
  /** Nobody has to sign in: this is `npm run dev`. */
  readonly isOpen: boolean
  readonly flushIntervalSeconds: number
}

export type SessionConfig = { readonly isOpen: boolean; readonly flushIntervalMs: number }

function whoOf(c: EdgeContext, { isOpen, flushIntervalMs }: SessionConfig): Who {
  const { name, scopes, prefix } = c.get('grant')
  return { name, scopes, prefix, isOpen, flushIntervalSeconds: flushIntervalMs / 1000 }
}

/** `GET /session`: who the page speaks for. */
export function readSession(c: EdgeContext, config: SessionConfig): Response {
  return c.json(whoOf(c, config))
}

/** `POST /session` with `Authorization: Bearer <token>`: keeps the token in a cookie that no script can read. */
export function signIn(c: EdgeContext, config: SessionConfig): Response {
  const token = bearerToken(c.req.raw.headers)
  const cookie = token === undefined ? {} : setCookie(c.req.raw, token, SESSION_SECONDS)
  return c.json(whoOf(c, config), 200, cookie)
}

/** `DELETE /session`: for everyone, also with a token that is not known any more. */
export function signOut(c: EdgeContext): Response {
  return c.body(null, 204, setCookie(c.req.raw, '', 0))
}
