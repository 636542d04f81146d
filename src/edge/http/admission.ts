import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { RATE_RETRY_SECONDS } from '../../limits.ts'
import type { Grant, Scope } from '../../model/access/grant.ts'
import { refuseWithout } from './access.ts'
import { type Access, authenticator, type Standing } from './authenticate.ts'
import type { EdgeContext, Needs } from './context.ts'
import type { Problem } from './problem.ts'
import type { IsWithinLimit } from './rate-limit.ts'
import { presentedTokens } from './token-places.ts'

/** Lets a request in and notes its grant, or says why not. [S1] [S2] */
export type Admit = (c: EdgeContext, needs: Needs) => Promise<Problem | undefined>

/**
 * The grant of everyone where `npm run dev` opens a Worker. It lacks `adjust`, so that a wrong sign is refused on your
 * own machine too.
 */
const DEV_GRANT: Grant = { name: '', scopes: ['write', 'read', 'admin', 'hit'], prefix: null }

const CLOSED: Problem = { kind: 'closed_to_all' }

export const TOO_MANY_REQUESTS: Problem = { kind: 'too_many_requests', retryAfterSeconds: RATE_RETRY_SECONDS }

export function admission(
  config: Access & Pick<Config, 'isOpen' | 'allowedOrigins'>,
  clock: Pick<Clock, 'now'>,
  isWithinLimit: IsWithinLimit,
): Admit {
  const { isOpen, allowedOrigins, tokens, tokenSecrets } = config
  if (isOpen) {
    return async (c, needs) => {
      // A page view adds 1, and a page that is tried may be a file.
      const otherSite = needs === 'hit' ? undefined : refuseOtherSites(c.req.raw, allowedOrigins)
      return refuseOtherNames(c.req.raw) ?? otherSite ?? admitAs(DEV_GRANT, c, needs)
    }
  }
  if (tokens.length === 0 && tokenSecrets.length === 0) return async () => CLOSED
  const standingOf = authenticator(config, clock)
  return async (c, needs) => {
    if (needs === 'nothing') return undefined
    const presented = presentedTokens(c, needs)
    const standing = await bestOf(presented.tokens, standingOf)
    const grant = standing?.kind === 'known' ? standing.grant : undefined
    if (!(await isWithinLimit(limitKey(grant, c.req.raw.headers)))) return TOO_MANY_REQUESTS
    if (standing === undefined) return { kind: 'unauthenticated', token: 'missing' }
    if (standing.kind !== 'known') return { kind: 'unauthenticated', token: standing.kind }
    if (presented.isInAddress && !standing.grant.scopes.every(mayStandInAddress)) {
      return { kind: 'forbidden', limit: { kind: 'token_in_address' } }
    }
    return admitAs(standing.grant, c, needs)
  }
}

/** The standing of the first token that is known, or else of one that is genuine. Undefined without tokens. */
async function bestOf(
  tokens: readonly string[],
  standingOf: (token: string) => Promise<Standing>,
): Promise<Standing | undefined> {
  let best: Standing | undefined
  for (const token of tokens) {
    const standing = await standingOf(token)
    if (standing.kind === 'known') return standing
    if (best === undefined || best.kind === 'unknown') best = standing
  }
  return best
}

/** Addresses are logged on their way, so whoever reads such a log may count, and must not be able to do more. */
function mayStandInAddress(scope: Scope): boolean {
  return scope === 'write' || scope === 'hit'
}

const LOOPBACK = /^(([\w-]+\.)*localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/**
 * Refuses an open Worker to who calls it by a name that is not this machine's own: a page's name may be made to lead to
 * 127.0.0.1 once the page is there (DNS rebinding), and then the page reads and counts as if it were the dashboard; or
 * somebody has put a tunnel in front. Another Worker's binding sends no Host. [S1]
 */
function refuseOtherNames({ headers }: Request): Problem | undefined {
  const host = headers.get('host')
  if (host === null || LOOPBACK.test(host)) return undefined
  return { kind: 'forbidden', limit: { kind: 'other_name' } }
}

/**
 * Refuses what another site's page would do to an open Worker, which is on the machine of whoever looks at that page. It
 * needs no token to be sent along there, and a browser asks nobody before a POST of text. Reads are left alone, because
 * the page does not get to see their answers.
 */
function refuseOtherSites(
  { method, headers }: Request,
  allowedOrigins: readonly string[],
): Problem | undefined {
  if (method === 'GET' || method === 'HEAD' || headers.get('sec-fetch-site') !== 'cross-site')
    return undefined
  if (allowedOrigins.includes(headers.get('origin') ?? '')) return undefined
  return { kind: 'forbidden', limit: { kind: 'other_site' } }
}

function admitAs(grant: Grant, c: EdgeContext, needs: Needs): Problem | undefined {
  c.set('grant', grant)
  return needs === 'token' || needs === 'nothing' ? undefined : refuseWithout(grant, needs)
}

/**
 * Each address of each token has a limit of its own, so that visitors who share a page's token do not use up each
 * other's. Requests without a known token have one limit for each address, which contains no line feed.
 */
function limitKey(grant: Grant | undefined, headers: Headers): string {
  const address = headers.get('cf-connecting-ip') ?? ''
  return grant === undefined ? address : `${grant.name}\n${address}`
}
