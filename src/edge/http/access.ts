import type { Config } from '../../config.ts'
import { covers } from '../../model/key.ts'
import type { Grant, Scope } from '../../model/token.ts'
import type { IsWithinLimit } from '../ports.ts'
import { authenticator, bearerToken } from './authenticate.ts'
import type { EdgeContext, Needs } from './context.ts'
import type { ItemError, Problem } from './problem.ts'
import { sessionToken } from './session.ts'

/** Lets a request in, with its grant, or says why not. [S1] [S2] */
export type Admit = (c: EdgeContext, needs: Needs) => Promise<Problem | undefined>

/** Everyone, where `npm run dev` opens a Worker. Not `adjust`, so that a sign gone wrong is refused there too. */
const DEV_GRANT: Grant = { name: '', scopes: ['write', 'read', 'admin'], prefix: null }

const CLOSED: Problem = {
  kind: 'closed_to_all',
  detail:
    'This Worker has no tokens, so it refuses everything. Make one with `npm run token`, and set it with ' +
    '`npx wrangler secret put API_TOKENS`. On your machine `npm run dev` opens it.',
}

export function admission(
  { isOpen, tokens }: Pick<Config, 'isOpen' | 'tokens'>,
  isWithinLimit: IsWithinLimit,
): Admit {
  if (isOpen) return async (c, needs) => admitAs(DEV_GRANT, c, needs)
  if (tokens.length === 0) return async () => CLOSED
  const grantOf = authenticator(tokens)
  return async (c, needs) => {
    if (needs === 'nothing') return undefined
    const token = bearerToken(c.req.raw.headers) ?? sessionToken(c.req.raw, needs)
    const grant = token === undefined ? undefined : await grantOf(token)
    if (!(await isWithinLimit(limitKey(grant, c.req.raw.headers)))) return { kind: 'too_many_requests' }
    if (grant === undefined) return { kind: 'unauthenticated', hasToken: token !== undefined }
    return admitAs(grant, c, needs)
  }
}

function admitAs(grant: Grant, c: EdgeContext, needs: Needs): Problem | undefined {
  c.set('grant', grant)
  return needs === 'token' || needs === 'nothing' ? undefined : refuseWithout(grant, needs)
}

export function refuseWithout({ scopes }: Grant, needed: Scope): Problem | undefined {
  if (scopes.includes(needed)) return undefined
  return { kind: 'forbidden', detail: `This takes the scope ${needed}, which this token or binding lacks.` }
}

/**
 * Each address of each token has a limit of its own: visitors who share a page's token do not use up each other's.
 * Those without a known token have one for each address. No name has a line feed.
 */
function limitKey(grant: Grant | undefined, headers: Headers): string {
  const address = headers.get('cf-connecting-ip') ?? ''
  return grant === undefined ? address : `${grant.name}\n${address}`
}

/** What tells of all keys is not for a token with a prefix, which would learn of the others' traffic. [S2] */
export function refuseUnlessWhole({ prefix }: Grant): Problem | undefined {
  if (prefix === null) return undefined
  return {
    kind: 'forbidden',
    detail: `This tells of all keys, and this token or binding is for those under ${prefix} alone: it takes one without a prefix.`,
  }
}

/**
 * Refuses all of a request when any of its keys is outside the prefix, and names every one. [S2]
 *
 * @param path the name of the field that the keys come from.
 */
export function refuseOutside({ prefix }: Grant, keys: Iterable<string>, path = 'key'): Problem | undefined {
  if (prefix === null) return undefined
  const message = `must be ${prefix}, or begin with ${prefix}/, for this token or binding`
  const errors = Array.from(keys).flatMap((key, index): ItemError[] =>
    covers(prefix, key) ? [] : [{ index, path, message }],
  )
  if (errors.length === 0) return undefined
  const detail = `This token or binding is for keys under ${prefix} alone, so nothing of this request was done.`
  return { kind: 'forbidden', detail, errors }
}
