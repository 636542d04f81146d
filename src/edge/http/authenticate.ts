import type { Grant, Token } from '../../model/token.ts'

/** The token of `Authorization: Bearer <token>`; undefined without one, and for another scheme. Source: RFC 6750, 2.1. */
export function bearerToken(headers: Headers): string | undefined {
  return /^bearer +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]
}

/**
 * What finds the grant of a token. It compares with the hash of every configured token, each in constant time, so
 * that the time of an answer tells nothing of how near a guess was, nor whose token it is. Nothing is kept of a token:
 * the hash took 7 us and each comparison 0.3 us (workerd 1.20261102 on 2 busy cores), which a cache would hardly save.
 */
export function authenticator(tokens: readonly Token[]): (token: string) => Promise<Grant | undefined> {
  const known = tokens.map(({ sha256, ...grant }) => ({ hash: Uint8Array.fromHex(sha256), grant }))
  const encoder = new TextEncoder()
  return async (token) => {
    const hash = await crypto.subtle.digest('SHA-256', encoder.encode(token))
    // Not find(), which would stop at the first.
    const [found] = known.filter((each) => crypto.subtle.timingSafeEqual(hash, each.hash))
    return found?.grant
  }
}
