import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { RATE_RETRY_SECONDS } from '../../limits.ts'
import type { Grant, Scope } from '../../model/access/grant.ts'
import { covers } from '../../model/key.ts'
import { type Access, authenticator, bearerToken, type Standing } from './authenticate.ts'
import type { EdgeContext, Needs } from './context.ts'
import type { Problem } from './problem.ts'
import type { IsWithinLimit } from './rate-limit.ts'
import { sessionToken } from './session.ts'

/** Lets a request in and notes its grant, or says why not. [S1] [S2] */
export type Admit = (c: EdgeContext, needs: Needs) => Promise<Problem | undefined>

/**
 * The grant of everyone where `npm run dev` opens a Worker. It lacks `adjust`, so that a wrong sign is refused on your
 * own machine too.
 */
const DEV_GRANT: Grant = { name: '', scopes: ['write', 'read', 'admin'], prefix: null }

const CLOSED: Problem = { kind: 'closed_to_all' }

export const TOO_MANY_REQUESTS: Problem = { kind: 'too_many_requests', retryAfterSeconds: RATE_RETRY_SECONDS }

export function admission(
  config: Access & Pick<Config, 'isOpen'>,
  clock: Pick<Clock, 'now'>,
  isWithinLimit: IsWithinLimit,
): Admit {
  const { isOpen, tokens, tokenSecrets } = config
  if (isOpen) return async (c, needs) => admitAs(DEV_GRANT, c, needs)
  if (tokens.length === 0 && tokenSecrets.length === 0) return async () => CLOSED
  const standingOf = authenticator(config, clock)
  return async (c, needs) => {
    if (needs === 'nothing') return undefined
    const token = bearerToken(c.req.raw.headers) ?? sessionToken(c, needs)
    const standing: Standing | undefined = token === undefined ? undefined : await standingOf(token)
    const grant = standing?.kind === 'known' ? standing.grant : undefined
    if (!(await isWithinLimit(limitKey(grant, c.req.raw.headers)))) return TOO_MANY_REQUESTS
    if (standing === undefined) return { kind: 'unauthenticated', token: 'missing' }
    if (standing.kind !== 'known') return { kind: 'unauthenticated', token: standing.kind }
    return admitAs(standing.grant, c, needs)
  }
}

function admitAs(grant: Grant, c: EdgeContext, needs: Needs): Problem | undefined {
  c.set('grant', grant)
  return needs === 'token' || needs === 'nothing' ? undefined : refuseWithout(grant, needs)
}

/** Refuses a token or binding that lacks a scope. [S2] */
export function refuseWithout({ scopes }: Grant, scope: Scope): Problem | undefined {
  if (scopes.includes(scope)) return undefined
  return { kind: 'forbidden', limit: { kind: 'scope', scope } }
}

/**
 * Each address of each token has a limit of its own, so that visitors who share a page's token do not use up each
 * other's. Requests without a known token have one limit for each address, which contains no line feed.
 */
function limitKey(grant: Grant | undefined, headers: Headers): string {
  const address = headers.get('cf-connecting-ip') ?? ''
  return grant === undefined ? address : `${grant.name}\n${address}`
}

/** Refuses a token with a prefix where an answer covers all keys: it would learn of other keys' traffic. [S2] */
export function refuseUnlessWhole({ prefix }: Grant): Problem | undefined {
  return prefix === null ? undefined : { kind: 'forbidden', limit: { kind: 'all_keys', prefix } }
}

/**
 * Refuses a whole request when any of its keys is outside the prefix, and names the first such keys by their indexes. [S2]
 *
 * @param path the name of the field that the keys come from.
 */
export function refuseOutside({ prefix }: Grant, keys: Iterable<string>, path = 'key'): Problem | undefined {
  if (prefix === null) return undefined
  const indexes = Array.from(keys).flatMap((key, index) => (covers(prefix, key) ? [] : [index]))
  if (indexes.length === 0) return undefined
  return { kind: 'forbidden', limit: { kind: 'keys', prefix, path, indexes } }
}
