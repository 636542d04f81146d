import type { Problem } from './problem.ts'

const COUNTERS = '/counters/'

/** The key in `/counters/{key}`: all of the rest of the path, in which `%2F` equals `/`. */
export function keyOfPath(url: string): string | Problem {
  const { pathname } = new URL(url)
  // The router has matched the decoded path, which `/%63ounters/` is too.
  if (!pathname.startsWith(COUNTERS)) return { kind: 'not_found', detail: `Keys stand behind ${COUNTERS}.` }
  try {
    return decodeURIComponent(pathname.slice(COUNTERS.length))
  } catch {
    return { kind: 'invalid_parameter', parameter: 'key', detail: 'key is not percent-encoded UTF-8.' }
  }
}
