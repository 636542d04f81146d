import { createHash } from 'node:crypto'
import { z } from 'zod'
import { TOKENS_BYTES_MAX } from '../../limits.ts'
import { grantOf, rightsOf } from '../../model/access/grant.ts'
import { type Token, tokensSchema } from '../../model/access/token.ts'
import { UsageError } from '../cli.ts'
import type { StoredOptions } from './options.ts'

export type MadeToken = {
  readonly token: string
  /** The new value of API_TOKENS, as one line of JSON. */
  readonly value: string
  /** How many tokens the value has. */
  readonly count: number
  /** The size of the value in UTF-8. */
  readonly bytes: number
}

/**
 * Makes a token from 32 random bytes, and adds it to the present ones. Its `sd_` lets a secret scanner find it.
 *
 * @throws UsageError when the present tokens are faulty, already have the name, or leave no room.
 */
export function makeToken(options: StoredOptions, random: Uint8Array): MadeToken {
  const { name, rights, present } = options
  const token = `sd_${Buffer.from(random).toString('base64url')}`
  const sha256 = createHash('sha256').update(token).digest('hex')
  const tokens = parsePresent(present)
  if (tokens.some((other) => other.name === name)) throw new UsageError(taken(name, present.from))
  const all = [...tokens, { ...grantOf(name, rights), sha256 }]
  const value = JSON.stringify(all.map(entryOf))
  const bytes = Buffer.byteLength(value)
  if (bytes > TOKENS_BYTES_MAX) throw new UsageError(tooLarge(bytes))
  return { token, value, count: all.length, bytes }
}

function entryOf({ sha256, ...grant }: Token) {
  return { name: grant.name, sha256, ...rightsOf(grant) }
}

function parsePresent({ text, from }: StoredOptions['present']): readonly Token[] {
  const parsed = tokensSchema.safeParse(text)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => `${z.core.toDotPath(issue.path)} ${issue.message}`.trim())
  throw new UsageError(`${from}: ${faults.join('; ')}.`)
}

function taken(name: string, from: string): string {
  return `--name ${name}: ${from} has a token of this name already. Choose another name, or remove that token first, which revokes it.`
}

function tooLarge(bytes: number): string {
  return (
    `With this token API_TOKENS would have ${bytes} bytes, and a secret holds at most ${TOKENS_BYTES_MAX}: ` +
    'remove a token that is no longer used, choose shorter names and prefixes, or make tokens with --sign, which need no room here.'
  )
}
