/** What a token may be allowed to do. */
export const SCOPES = [
  /** Count, by positive values. */
  'write',
  /** Read counts. */
  'read',
  /** Count by negative values too. */
  'adjust',
  /** Decide on parked cells. */
  'admin',
] as const

export type Scope = (typeof SCOPES)[number]

/** What a request may do, and to which keys. */
export type Grant = {
  /** Of the token. Idempotency-Keys are its own. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** In whole segments; null for all keys. */
  readonly prefix: string | null
}

/** Whether a key is under a prefix, in whole segments: `site/acme` does not cover `site/acme-corp`. [S2] */
export function covers(prefix: string | null, key: string): boolean {
  return prefix === null || key === prefix || key.startsWith(`${prefix}/`)
}
