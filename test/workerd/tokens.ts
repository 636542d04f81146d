import { createExecutionContext } from 'cloudflare:test'
import worker, { type Env } from '../../src/index.ts'
import type { Rights } from '../../src/model/access/grant.ts'
import { env } from './support.ts'

/** The rights of a test's token. Its text is its name with something behind it, as nobody's real token is. */
export type TestToken = Rights

export const textOf = (name: string) => `${name}-secret`

/** A text that must never be shown. */
export const SECRET = 'hunter2'

/** A namespace that no environment should have. */
export const BROKEN = {
  getByName() {
    throw new TypeError('no such object')
  },
}

export async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toHex()
}

/** The environment of a deployed Worker with these tokens. One object is one Worker: it is made once for each. */
export async function envWith(tokens: Record<string, TestToken>, more: object = {}): Promise<Env> {
  const entries = Object.entries(tokens).map(async ([name, token]) => {
    return { name, sha256: await sha256(textOf(name)), ...token }
  })
  const API_TOKENS = JSON.stringify(await Promise.all(entries))
  return { ...env, DEV_ACCESS: undefined, API_TOKENS, ...more } as Env
}

/** A request to the Worker of an environment; with a token by its name, none for `undefined`. */
export async function ask(
  env: Env,
  token: string | undefined,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const headers = new Headers(init.headers)
  if (token !== undefined) headers.set('authorization', `Bearer ${textOf(token)}`)
  const request = new Request(`http://sumdial.test${path}`, { ...init, headers })
  return worker.fetch(request as never, env, createExecutionContext())
}

export function postJson(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text }
}

export type Answered = {
  readonly detail: string
  readonly errors?: readonly { readonly index: number; readonly path: string; readonly message: string }[]
} & Readonly<Record<string, unknown>>

export async function bodyOf(response: Response): Promise<Answered> {
  const isJson = /json/.test(response.headers.get('content-type') ?? '')
  return isJson ? ((await response.json()) as Answered) : { detail: await response.text() }
}
