import { importSecret, signToken, tokenSecretsSchema } from '../../model/access/signed-token.ts'
import { must } from '../../model/assert.ts'
import { instantOf } from '../../model/time/instant.ts'
import { UsageError } from '../cli.ts'
import type { SignedOptions } from './options.ts'

/**
 * Signs a token by the newest secret of TOKEN_SECRET.
 *
 * @throws UsageError for a secret that the Worker would refuse, and for a token that it would never let in.
 */
export async function signWith(
  { name, rights, expires, secret }: SignedOptions,
  nowMs: number,
): Promise<string> {
  const parsed = tokenSecretsSchema.safeParse(secret)
  if (!parsed.success)
    throw new UsageError(`TOKEN_SECRET ${must(parsed.error.issues[0], 'a fault').message}.`)
  const [newest] = parsed.data
  if (newest === undefined) throw new UsageError(NO_SECRET)
  if (expires !== undefined) checkExpiry(expires, nowMs)
  const token = await signToken(name, rights, expires, await importSecret(newest))
  if (token.ok) return token.value
  throw new UsageError(`The token ${token.error}: choose a shorter prefix or fewer keys.`)
}

const NO_SECRET =
  'TOKEN_SECRET is not set in this shell. Make a secret with `node -p "crypto.randomBytes(32).toString(\'hex\')"`, keep it, ' +
  'and give it to the Worker with `npx wrangler secret put TOKEN_SECRET --env=""`. Whoever has it can make any token.'

function checkExpiry(expires: string, nowMs: number): void {
  const ms = instantOf(expires)
  if (ms === undefined) throw new UsageError('--expires must be a time such as 2027-01-01T00:00:00Z.')
  if (ms <= nowMs) throw new UsageError('--expires must be in the future.')
}

export function describeSigned(token: string): string {
  return [
    'Your signed token, which is shown only once:',
    '',
    `  ${token}`,
    '',
    'Every Worker that has the same TOKEN_SECRET takes it. Anyone who has it can read its name, prefix and limits.',
    'To revoke it, put its name into the secret REVOKED_TOKENS, with commas between names:',
    '',
    '  npx wrangler secret put REVOKED_TOKENS --env=""',
  ].join('\n')
}
