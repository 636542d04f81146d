import type { FetchInit } from './fetch.ts'

/** A controller's signal as `fetch` takes it. Apart, for it names a type that not every library has. */
export function signalOf(abort: AbortController): FetchInit['signal'] {
  return abort.signal as FetchInit['signal']
}
