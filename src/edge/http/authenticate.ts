import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { VERIFIED_TOKENS_MAX } from '../../limits.ts'
import type { Grant } from '../../model/access/grant.ts'
import {
  importSecret,
  isSigned,
  type SignedToken,
  type SigningKey,
  verifyToken,
} from '../../model/access/signed-token.ts'

/** The standing of a token. */
export type Standing =
  | { readonly kind: 'known'; readonly grant: Grant }
  | { readonly kind: 'unknown' }
  /** It is genuine, and its time is over. */
  | { readonly kind: 'expired' }
  /** It is genuine, and REVOKED_TOKENS has its name. */
  | { readonly kind: 'revoked' }

export type Access = Pick<Config, 'tokens' | 'tokenSecrets' | 'revokedTokens'>

/** Makes the function that says what a token may do. Tokens have names, and a revoked name counts for either kind. */
export function authenticator(
  { tokens, tokenSecrets, revokedTokens }: Access,
  clock: Pick<Clock, 'now'>,
): (token: string) => Promise<Standing> {
  const stored = storedTokens(tokens)
  const signed = signedTokens(tokenSecrets)
  const revoked = new Set(revokedTokens)
  return async (token) => {
    const found = isSigned(token) ? await signed(token) : await stored(token)
    if (found === undefined) return { kind: 'unknown' }
    if (revoked.has(found.name)) return { kind: 'revoked' }
    if (found.expiresMs !== null && clock.now() >= found.expiresMs) return { kind: 'expired' }
    return { kind: 'known', grant: found.grant }
  }
}

/**
 * Finds a token of API_TOKENS. It compares the token's hash with that of every configured token, each in constant time,
 * so that the time of an answer reveals neither how near a guess was nor whose token it is. No such token is kept in a
 * cache, which would hardly be faster: the hash took 7 us and each comparison 0.3 us (workerd 1.20261102 on 2 busy
 * cores).
 */
function storedTokens(tokens: Config['tokens']): (token: string) => Promise<SignedToken | undefined> {
  const known = tokens.map(({ sha256, ...grant }) => {
    return { hash: Uint8Array.fromHex(sha256), name: grant.name, grant, expiresMs: null }
  })
  const encoder = new TextEncoder()
  return async (token) => {
    const hash = await crypto.subtle.digest('SHA-256', encoder.encode(token))
    // filter() and not find(), which would stop at the first match.
    const [found] = known.filter((each) => crypto.subtle.timingSafeEqual(hash, each.hash))
    return found
  }
}

/**
 * Verifies signed tokens, and remembers those that are genuine. A Map compares two texts only when their hashes, which
 * begin with a number of chance, are equal, so its time does not reveal how near a forged signature was. Forged tokens
 * are not remembered, because they would push out the others.
 */
function signedTokens(secrets: readonly string[]): (token: string) => Promise<SignedToken | undefined> {
  let keys: Promise<readonly SigningKey[]> | undefined
  const verified = new Map<string, SignedToken>()
  return async (token) => {
    const before = verified.get(token)
    if (before !== undefined) return before
    keys ??= Promise.all(secrets.map(importSecret))
    const found = await verifyToken(token, await keys)
    if (found === undefined) return undefined
    const [oldest] = verified.keys()
    if (oldest !== undefined && verified.size >= VERIFIED_TOKENS_MAX) verified.delete(oldest)
    verified.set(token, found)
    return found
  }
}
