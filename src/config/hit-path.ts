import { z } from 'zod'
import { check } from '../model/key.ts'

/** First segments of the Worker's other routes. A test compares them with the table of routes. */
const TAKEN = new Set(
  [
    ...['api', 'badge', 'chart', 'counters', 'dashboard', 'docs', 'events', 'hours', 'increment', 'keys'],
    ...['labels', 'metrics', 'openapi', 'parked', 'records', 'session', 'shards', 'status', 'tree', 'v1'],
  ].map((segment) => `/${segment}`),
)

const FORM = 'must be a path such as /hit, in lower-case letters, digits, - and _, without a slash at the end'

function hitPathFault(path: string): string | undefined {
  if (!/^(\/[a-z0-9_-]{1,64}){1,4}$/.test(path)) return FORM
  const [first = ''] = /^\/[^/]+/.exec(path) ?? []
  return TAKEN.has(first) ? 'must not begin like another route of the Worker' : undefined
}

/** `HIT_PATH`: where page views are counted. Empty is as good as unset. */
export const hitPathSchema = z
  .string()
  .transform((path) => (path === '' ? '/hit' : path))
  .pipe(z.string().check(check(hitPathFault)))
