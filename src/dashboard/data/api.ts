import type { Fetch } from '../../client/fetch.ts'
import { parseExactly } from '../../client/read/exact-json.ts'
import { Reading } from '../../client/read/reading.ts'
import { SumdialError } from '../../client/read/sumdial-error.ts'
import { runtimeTiming } from '../../client/timing.ts'

/** Why there is nothing to show, in the words of the API where it has any. */
export type ReadFailure = {
  /**
   * `away`: the Worker, a shard or Postgres did not answer, which may be different in a moment. `slow`: Postgres is there, and
   * the question asks too much of it, so that to ask again by itself would only keep it busy.
   */
  readonly kind: 'signed-out' | 'forbidden' | 'closed' | 'away' | 'slow' | 'refused'
  readonly detail: string
}

class NoAnswer extends Error {
  override name = 'NoAnswer'
}

/** Reads counts through the project's client, from this origin and with the session's cookie. */
export function readingWith(signal?: AbortSignal): Reading {
  const fetch: Fetch = (url, init) => send(url, init, init.signal, signal)
  return new Reading({ base: '', headers: {}, fetch, timing: runtimeTiming })
}

/**
 * Asks for what the client does not know: the session, the shards' status, decisions on parked cells.
 *
 * @throws SumdialError for a failure that the server tells, NoAnswer where nobody answers, an abort as it is.
 */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const text = await askText(path, init)
  return (text === '' ? undefined : parseExactly(text)) as T
}

/** Asks for a text, such as a table in CSV. @throws as `ask` does. */
export async function askText(path: string, init: RequestInit): Promise<string> {
  const response = await send(path, init, init.signal)
  const text = await response.text()
  if (response.ok) return text
  throw new SumdialError(response.status, problemOf(text))
}

let sent = 0

/** How many requests this page has sent. */
export function sentSoFar(): number {
  return sent
}

/** Fetches, never from a cache, until one of the signals is fired. */
async function send(
  path: string,
  init: RequestInit,
  ...signals: readonly (AbortSignal | null | undefined)[]
): Promise<Response> {
  const abort = new AbortController()
  const end = () => abort.abort()
  for (const signal of signals) {
    if (signal?.aborted === true) end()
    signal?.addEventListener('abort', end)
  }
  sent += 1
  try {
    return await fetch(path, { ...init, credentials: 'same-origin', cache: 'no-store', signal: abort.signal })
  } catch (error) {
    if (abort.signal.aborted) throw error
    throw new NoAnswer('The Worker does not answer. Is this machine online?', { cause: error })
  }
}

function problemOf(text: string): SumdialError['problem'] {
  try {
    return JSON.parse(text) as SumdialError['problem']
  } catch {
    // A gateway's own page has no problem in it, and its status says enough.
    return null
  }
}

export function failureFrom(error: unknown): ReadFailure {
  if (error instanceof SumdialError) return failureOf(error)
  if (error instanceof NoAnswer) return { kind: 'away', detail: error.message }
  return {
    kind: 'refused',
    detail: error instanceof Error ? error.message : 'Something is wrong with this page. Reload it.',
  }
}

function failureOf({ status, problem }: SumdialError): ReadFailure {
  const detail = problem?.detail ?? `Something between this page and the Worker answered ${status}.`
  if (status === 401) return { kind: 'signed-out', detail }
  if (problem?.type?.endsWith(':closed-to-all') === true) return { kind: 'closed', detail }
  if (problem?.type?.endsWith(':too-slow') === true) return { kind: 'slow', detail }
  if (problem?.type?.endsWith(':unreadable-rows') === true) return { kind: 'refused', detail }
  if (status === 403) return { kind: 'forbidden', detail }
  return { kind: status === 429 || status >= 500 ? 'away' : 'refused', detail }
}
