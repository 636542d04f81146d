import { z } from 'zod'
import { jsonText } from '../text/variable-text.ts'
import { checkRights, type Grant, grantOf, nameSchema, RIGHTS, rightsFields, textSchema } from './grant.ts'

/** A grant, and the SHA-256 of its token in 64 hex digits. The token itself is stored nowhere. */
export type Token = Grant & { readonly sha256: string }

const tokenSchema = z
  .strictObject(
    {
      name: nameSchema,
      sha256: textSchema.regex(/^[0-9a-f]{64}$/, {
        error: 'must be a SHA-256 hash in 64 lower-case hex digits',
      }),
      ...rightsFields,
    },
    // An unknown field is not named, because its name may be a secret that was pasted into the wrong place.
    { error: `must be an object with name, sha256, scopes and optionally ${RIGHTS}, and nothing else` },
  )
  .check(checkRights)
  .transform(({ name, sha256, ...rights }): Token => ({ ...grantOf(name, rights), sha256 }))

/** `API_TOKENS`: a JSON array of tokens. No message repeats a value. */
export const tokensSchema = jsonText.pipe(
  z.array(tokenSchema, { error: 'must be a JSON array' }).check(refuseTwins),
)

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
