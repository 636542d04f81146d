import { z } from 'zod'
import { check, idFault, prefixFault } from './key.ts'

/** What a token may be allowed to do. */
export const SCOPES = [
  /** Count, by positive values. */
  'write',
  /** Read counts. */
  'read',
  /** Count by negative values too, beside `write`. */
  'adjust',
  /** Decide on parked cells. */
  'admin',
] as const

export type Scope = (typeof SCOPES)[number]

/** What a request may do, and to which keys. */
export type Grant = {
  /** Of the token or the service binding. Idempotency-Keys are its own. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** In whole segments; null for all keys. */
  readonly prefix: string | null
}

/** A grant, and the SHA-256 of the token that it belongs to, in 64 hex digits. The token itself is kept nowhere. */
export type Token = Grant & { readonly sha256: string }

/** Why a token's name is refused; undefined for a good one. */
export const nameFault = idFault

const text = z.string({ error: 'must be a string' })

const nameSchema = text.check(check(nameFault))

const scopesSchema = z
  .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }), {
    error: 'must be an array',
  })
  .min(1, { error: 'must not be empty' })

const prefixSchema = text.check(check(prefixFault))

const tokenSchema = z
  .strictObject(
    {
      name: nameSchema,
      sha256: text.regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 in 64 lower-case hex digits' }),
      scopes: scopesSchema,
      prefix: prefixSchema.optional(),
    },
    // The name of an unknown field may be a secret that was pasted into the wrong place.
    {
      error:
        'must be an object of name, sha256, scopes and, if it is limited to one, prefix, and nothing else',
    },
  )
  .transform((token): Token => ({ ...token, prefix: token.prefix ?? null }))

/**
 * The `props` of a service binding. Its name is a namespace of Idempotency-Keys, as a token's is; it stands behind a
 * line feed, which no token's name has, so that the two are never the same. [I3]
 */
export const bindingSchema = z
  .strictObject(
    {
      name: nameSchema.optional(),
      scopes: scopesSchema.default(['write', 'read']),
      prefix: prefixSchema.optional(),
    },
    { error: 'must be an object of name, scopes and prefix, each if needed, and nothing else' },
  )
  .transform(({ name = '', scopes, prefix = null }): Grant => ({ name: `binding\n${name}`, scopes, prefix }))

/** `API_TOKENS`: tokens as a JSON array. No message repeats a value. */
export const tokensSchema = z
  .string({ error: 'must be a string' })
  .transform((json, ctx): unknown => {
    try {
      return JSON.parse(json)
    } catch {
      // V8 would quote what it could not parse.
      ctx.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  })
  .pipe(z.array(tokenSchema, { error: 'must be a JSON array' }).check(refuseTwins))

/** Two tokens of one name would share their Idempotency-Keys, and of two grants for one token only one would count. */
function refuseTwins(ctx: z.core.ParsePayload<Token[]>): void {
  for (const field of ['name', 'sha256'] as const) {
    const values = ctx.value.map((token) => token[field])
    for (const [i, value] of values.entries()) {
      const first = values.indexOf(value)
      if (first === i) continue
      const message = `is the same as that of [${first}]`
      ctx.issues.push({ code: 'custom', message, path: [i, field], input: ctx.value })
    }
  }
}
