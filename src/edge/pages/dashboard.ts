import { fail } from '../../model/result.ts'
import type { EdgeContext } from '../http/context.ts'
import type { Answer, Route } from '../http/router.ts'
import { readSession, signIn, signOut } from '../http/session.ts'
import type { EdgeServices } from '../ports.ts'

/** Each view has a path of its own, and all of them one page. It tells of no data: what it shows it asks for. */
const VIEWS = ['/', '/chart', '/tree', '/shards']

/** Its own files, its own API, and nothing from elsewhere. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE_HEADERS = { 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-cache' }

/** A name is never used for another content. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** The page, its files, and who it speaks for. */
export function dashboardRoutes({ config, dashboard }: EdgeServices): readonly Route[] {
  const page = (c: EdgeContext) => c.html(dashboard.page, 200, PAGE_HEADERS)

  function file(c: EdgeContext): Answer {
    const name = c.req.param('name') ?? ''
    const found = Object.hasOwn(dashboard.files, name) ? dashboard.files[name] : undefined
    if (found === undefined) return fail({ kind: 'not_found', missing: { kind: 'dashboard_file' } })
    return c.body(found.body, 200, { 'content-type': found.type, 'cache-control': FOR_EVER })
  }

  return [
    ...VIEWS.map((path): Route => ['GET', path, 'nothing', page]),
    ['GET', '/dashboard/:name', 'nothing', file],
    ['GET', '/session', 'token', (c) => readSession(c, config)],
    ['POST', '/session', 'read', (c) => signIn(c, config)],
    ['DELETE', '/session', 'nothing', signOut],
  ]
}
