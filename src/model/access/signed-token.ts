import { z } from 'zod'
import { SIGNED_TOKEN_CHARACTERS_MAX } from '../../limits.ts'
import { check } from '../key.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { commaSeparated } from '../text/variable-text.ts'
import { instantOf } from '../time/instant.ts'
import {
  checkRights,
  type Grant,
  grantOf,
  type Rights,
  rightsFields,
  textSchema,
  tokenNameFault,
} from './grant.ts'

/**
 * A token that carries its own rights, so that API_TOKENS need not have it: `sd_v1.<payload>.<signature>`. The payload is
 * JSON in base64url: `{"name":"acme","scopes":["write"],"prefix":"site/acme","expires":"2027-01-01T00:00:00Z"}`, with the
 * limits of an entry of API_TOKENS. The signature is HMAC-SHA256 over `sd_v1.<payload>`, by TOKEN_SECRET, in base64url.
 * Everyone can read the payload, and nobody without the secret can make or change one.
 */
export type SignedToken = {
  readonly name: string
  readonly grant: Grant
  /** From when on it is refused, in epoch ms; null for never. */
  readonly expiresMs: number | null
}

const VERSION = 'sd_v1'

const FORM = /^sd_v1\.[\w-]+\.[\w-]{43}$/

/** Whether a token is of the signed kind, forged or not. */
export function isSigned(token: string): boolean {
  return token.length <= SIGNED_TOKEN_CHARACTERS_MAX && FORM.test(token)
}

/** Why the name of a signed token is refused; undefined for a good one. REVOKED_TOKENS must be able to hold it. */
export function signedNameFault(name: string): string | undefined {
  if (name.includes(',')) return 'must not contain a comma, because REVOKED_TOKENS lists names with commas'
  if (name.trim() !== name) return 'must not begin or end with a blank'
  return tokenNameFault(name)
}

const EXPIRES = 'must be a time such as 2027-01-01T00:00:00Z'

const payloadSchema = z
  .strictObject({
    name: textSchema.check(check(signedNameFault)),
    ...rightsFields,
    expires: textSchema.refine((text) => instantOf(text) !== undefined, EXPIRES).optional(),
  })
  .check(checkRights)
  .transform(({ name, expires, ...rights }): SignedToken => {
    // A line feed, which no name contains, so that it meets neither a token of API_TOKENS nor a binding. [I3]
    const grant = grantOf(`signed\n${name}`, rights)
    return { name, grant, expiresMs: instantOf(expires) ?? null }
  })

/**
 * `TOKEN_SECRET`: the newest secret, and behind a comma one that is on its way out. No message repeats a value. Of 32
 * characters at least, because whoever guesses the secret can sign anything.
 */
export const tokenSecretsSchema = commaSeparated.pipe(
  z
    .array(z.string().regex(/^[\w-]{32,128}$/, 'must have 32 to 128 letters, digits, - and _'))
    .max(2, { error: 'must be one secret, or a new one and an old one with a comma between them' }),
)

/** A secret of TOKEN_SECRET, imported. */
export type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** Imports a secret of TOKEN_SECRET, for signing and for verifying. */
export function importSecret(secret: string): Promise<SigningKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return crypto.subtle.importKey('raw', ENCODER.encode(secret), algorithm, false, ['sign', 'verify'])
}

const ENCODER = new TextEncoder()

/**
 * Signs the rights of a token, which are as the Worker will check them.
 *
 * @param expires RFC 3339.
 * @returns the fault of what is asked for, or the token.
 */
export async function signToken(
  name: string,
  rights: Rights,
  expires: string | undefined,
  key: SigningKey,
): Promise<Result<string, string>> {
  const payload = { name, ...rights, ...(expires === undefined ? {} : { expires }) }
  const signed = `${VERSION}.${toBase64Url(ENCODER.encode(JSON.stringify(payload)))}`
  const signature = await crypto.subtle.sign('HMAC', key, ENCODER.encode(signed))
  const token = `${signed}.${toBase64Url(new Uint8Array(signature))}`
  if (isSigned(token)) return ok(token)
  return fail(`has ${token.length} characters, and at most ${SIGNED_TOKEN_CHARACTERS_MAX} are allowed`)
}

/**
 * The rights of a token that one of the keys has signed. The platform compares signatures in constant time.
 *
 * @returns undefined for a forged token, and for rights that this code does not know: nothing is guessed.
 */
export async function verifyToken(
  token: string,
  keys: readonly SigningKey[],
): Promise<SignedToken | undefined> {
  if (!isSigned(token)) return undefined
  const end = token.lastIndexOf('.')
  const [signed, signature] = [ENCODER.encode(token.slice(0, end)), fromBase64Url(token.slice(end + 1))]
  if (signature === undefined) return undefined
  for (const key of keys) {
    if (await crypto.subtle.verify('HMAC', key, signature, signed)) {
      return readPayload(token.slice(VERSION.length + 1, end))
    }
  }
  return undefined
}

function readPayload(payload: string): SignedToken | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(fromBase64Url(payload))
    const parsed = payloadSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

function toBase64Url(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** @returns undefined for what `toBase64Url` does not make, so that a token has one spelling. */
function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  // A length that base64 cannot have.
  if (text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  return toBase64Url(bytes) === text ? bytes : undefined
}
