import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CommandFailed } from '../cli.ts'
import type { Secrets } from './target.ts'
import type { Wrangler } from './wrangler.ts'

/**
 * Writes a file of secrets for `wrangler deploy --secrets-file`, so that code and secrets go live in one step, also at a
 * first deploy. It is JSON, because wrangler expands `$` in its other formats.
 *
 * @returns the path of the file.
 */
export function writeSecrets(folder: string, secrets: Secrets): string {
  const path = join(folder, 'secrets.json')
  writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 })
  return path
}

/** The names of a Worker's secrets; `null` when there is no such Worker yet. */
export type SecretNames = ReadonlySet<string> | null

const listSchema = z.array(z.object({ name: z.string() }))

/** @throws CommandFailed */
export async function listSecrets(wrangler: Wrangler, flags: readonly string[]): Promise<SecretNames> {
  const { code, text } = await wrangler(['secret', 'list', '--format', 'json', ...flags], 'caught')
  // wrangler 4.156, src/secret: only these words distinguish this error from others.
  if (code !== 0 && /Worker "[^"]*"( \(env: [^)]*\))? not found/.test(text)) return null
  const start = text.indexOf('[')
  const list = code === 0 && start >= 0 ? listSchema.safeParse(parseJson(text.slice(start))) : undefined
  if (list?.success) return new Set(list.data.map(({ name }) => name))
  throw new CommandFailed(
    `Could not ask Cloudflare about this Worker. wrangler said:\n\n${text.trim()}\n\n` +
      'Log in with `npx wrangler login` or set CLOUDFLARE_API_TOKEN, then run this again. Nothing was changed.',
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The names of secrets that the Worker still needs after a deploy that took `taken` along. */
export function missingSecrets(listed: SecretNames, taken: Secrets): string[] {
  const isThere = (name: keyof Secrets) => taken[name] !== undefined || listed?.has(name) === true
  const hasTokens = isThere('API_TOKENS') || isThere('TOKEN_SECRET')
  return [...(isThere('DATABASE_URL') ? [] : ['DATABASE_URL']), ...(hasTokens ? [] : ['API_TOKENS'])]
}
