/**
 * The platform's AbortSignal: these types need no DOM library. Where it is declared as a class (Workers), which is no
 * property of globalThis to TypeScript, it is never, which their `fetch` takes too.
 */
type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : never

export type FetchInit = {
  method: 'GET' | 'POST'
  headers: Record<string, string>
  body?: string
  /** A redirect is not followed: a 301 would turn the POST into a GET, and take the token elsewhere. */
  redirect: 'manual'
  keepalive?: boolean
  signal: Signal
}

export type FetchAnswer = {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}

/** What of `fetch` is used. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>
