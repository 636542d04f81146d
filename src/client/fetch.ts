/**
 * The platform's AbortSignal, without a need for the DOM library. Workers declare it as a class, which TypeScript does not
 * take for a property of globalThis: there this type is never, which their `fetch` takes too.
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

/** The part of `fetch` that this client uses. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>

/**
 * A controller's signal as `fetch` takes it. This is the one cast. It names no AbortController, because users type-check this
 * file's declarations, also where no library has that type.
 */
export function signalOf(abort: { readonly signal: unknown }): FetchInit['signal'] {
  return abort.signal as FetchInit['signal']
}
