import { fail } from '../../model/result.ts'
import type { EdgeContext } from '../http/context.ts'
import type { Answer } from '../http/router.ts'
import type { Ports } from '../ports.ts'

/** Allows the dashboard its own files and its own API, and nothing from elsewhere. */
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

/** For files, because a file's name is never used for another content. */
const FOR_EVER = 'public, max-age=31536000, immutable'

/** The page that every view of the dashboard begins with. It contains no data, so everyone may have it. */
export function dashboardPage(c: EdgeContext, { ports }: { readonly ports: Pick<Ports, 'dashboard'> }) {
  return c.html(ports.dashboard.page, 200, PAGE_HEADERS)
}

/** A file that the page loads by its name. */
export function dashboardFile(
  c: EdgeContext,
  { ports }: { readonly ports: Pick<Ports, 'dashboard'> },
): Answer {
  const { files } = ports.dashboard
  const name = c.req.param('name') ?? ''
  const file = Object.hasOwn(files, name) ? files[name] : undefined
  if (file === undefined) return fail({ kind: 'not_found', missing: { kind: 'dashboard_file' } })
  return c.body(file.body, 200, { 'content-type': file.type, 'cache-control': FOR_EVER })
}
