import { z } from 'zod'
import { check, idFault, prefixFault } from './key.ts'

/** The scopes that a token may have. */
export const SCOPES = [
  /** Count, by positive values. */
  'write',
  /** Read counts. */
  'read',
  /** With `write`: count by negative values too. */
  'adjust',
  /** Decide on parked cells. */
  'admin',
] as const

export type Scope = (typeof SCOPES)[number]

/** The rights of a token or a service binding, and the keys that they hold for. */
export type Grant = {
  /** The name of the token or binding. Idempotency-Keys belong to it. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** In whole segments; null for all keys. */
  readonly prefix: string | null
}

/** A grant, and the SHA-256 of its token in 64 hex digits. The token itself is stored nowhere. */
export type Token = Grant & { readonly sha256: string }

/** Why a token's name is refused; undefined for a good one. */
export const nameFault = idFault

const text = z.string({ error: 'must be a string' })

const nameSchema = text.check(check(nameFault))

const scopesSchema = z
  .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }), {
    error: 'must be an array of scopes',
  })
  .min(1, { error: 'must have at least one scope' })

const prefixSchema = text.check(check(prefixFault))

const tokenSchema = z
  .strictObject(
    {
      name: nameSchema,
      sha256: text.regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 hash in 64 lower-case hex digits' }),
      scopes: scopesSchema,
      prefix: prefixSchema.optional(),
    },
    // An unknown field is not named, because its name may be a secret that was pasted into the wrong place.
    {
      error: 'must be an object with name, sha256, scopes and optionally prefix, and nothing else',
    },
  )
  .transform((token): Token => ({ ...token, prefix: token.prefix ?? null }))

/**
 * The `props` of a service binding. Like a token's, its name is a namespace of Idempotency-Keys. It is prefixed with a
 * line feed, which no token's name contains, so that the two never meet. [I3]
 */
export const bindingSchema = z
  .strictObject(
    {
      name: nameSchema.optional(),
      scopes: scopesSchema.default(['write', 'read']),
      prefix: prefixSchema.optional(),
    },
    { error: 'must be an object with name, scopes and prefix, all optional, and nothing else' },
  )
  .transform(({ name = '', scopes, prefix = null }): Grant => ({ name: `binding\n${name}`, scopes, prefix }))

/** `API_TOKENS`: a JSON array of tokens. No message repeats a value. */
export const tokensSchema = z
  .string({ error: 'must be a string' })
  .transform((json, ctx): unknown => {
    try {
      return JSON.parse(json)
    } catch {
      // V8's own message would quote the text, which is a secret.
      ctx.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  })
  .pipe(z.array(tokenSchema, { error: 'must be a JSON array' }).check(refuseTwins))

/**
 * Two tokens with one name would share their Idempotency-Keys, and one of two grants for the same token would never
 * apply.
 */
function refuseTwins(ctx: z.core.ParsePayload<Token[]>): void {
  for (const field of ['name', 'sha256'] as const) {
    const values = ctx.value.map((token) => token[field])
    for (const [i, value] of values.entries()) {
      const first = values.indexOf(value)
      if (first === i) continue
      const message = `must differ from that of token [${first}]`
      ctx.issues.push({ code: 'custom', message, path: [i, field], input: ctx.value })
    }
  }
}
