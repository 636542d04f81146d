/** Codes of a failed name lookup or connection: nothing was sent. */
const NEVER_REACHED: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** Whether `fetch` failed before anything was sent, because nobody listens at the address. */
export function wasNeverReached(error: unknown): boolean {
  // undici says "fetch failed", and keeps the error of the system in `cause`.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return typeof cause === 'object' && cause !== null && 'code' in cause && NEVER_REACHED.has(cause.code)
}

/** A sentence for when nobody listens at the Worker's address. */
export function nobodyAnswers(url: string): string {
  return `Nothing answers at ${url}. Start it with npm run dev, or pass --url.`
}
