import { PLACEHOLDER_URL } from '../postgres.ts'

/** The vars of a Worker on this machine, as wrangler's `--var` takes them: `NAME:VALUE`, split at the first colon. */
export function workerVars(vars: ReadonlyMap<string, string>, endpointUrl: string): string[] {
  const all = new Map(vars)
  all.set('DATABASE_URL', PLACEHOLDER_URL)
  all.set('NEON_FETCH_ENDPOINT', endpointUrl)
  all.set('DEV_ACCESS', 'open')
  return Array.from(all, ([name, value]) => `${name}:${value}`)
}
