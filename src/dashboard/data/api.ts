import { parseExactly } from '../../client/exact-json.ts'

/** Why there is nothing to show, in the words of the API where it has any. */
export type Failure = {
  /** `away`: nobody answered, or Postgres or a shard did not; it may be different in a moment. */
  readonly kind: 'signed-out' | 'forbidden' | 'closed' | 'away' | 'refused'
  readonly detail: string
}

export class AskFailed extends Error {
  override name = 'AskFailed'
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.detail)
    this.failure = failure
  }
}

/** @throws AskFailed, or what the signal says. */
export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await answerTo(path, init)
  const text = await response.text()
  if (response.ok) return (text === '' ? undefined : parseExactly(text)) as T
  throw new AskFailed(failureOf(response.status, problemOf(text)))
}

async function answerTo(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init })
  } catch (error) {
    if (init.signal?.aborted === true) throw error
    throw new AskFailed({ kind: 'away', detail: 'The Worker does not answer. Is this machine online?' })
  }
}

type Problem = { readonly type?: string; readonly detail?: string }

function problemOf(text: string): Problem {
  try {
    return JSON.parse(text) as Problem
  } catch {
    // A gateway's own page: the status says what there is to say.
    return {}
  }
}

function failureOf(status: number, { type = '', detail = `The answer was ${status}.` }: Problem): Failure {
  if (status === 401) return { kind: 'signed-out', detail }
  if (type.endsWith(':closed-to-all')) return { kind: 'closed', detail }
  if (status === 403) return { kind: 'forbidden', detail }
  return { kind: status === 429 || status >= 500 ? 'away' : 'refused', detail }
}

export function failureFrom(error: unknown): Failure {
  if (error instanceof AskFailed) return error.failure
  return {
    kind: 'refused',
    detail: error instanceof Error ? error.message : 'Something is wrong with this page.',
  }
}

/** `/counters` with parameters; those that are null are left out. */
export function countersPath(
  parameters: Readonly<Record<string, string | readonly string[] | null>>,
): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value === null) continue
    for (const one of typeof value === 'string' ? [value] : value) search.append(name, one)
  }
  return `/counters?${search}`
}
