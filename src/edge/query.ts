import { z } from 'zod'
import { BUCKETS_MAX } from '../limits.ts'
import type { Hour } from '../model/hour.ts'
import { addHours, hourOf, hoursBeginningIn } from '../model/hour.ts'
import { instantSchema, keyFault } from '../model/increment.ts'
import type { Problem } from '../model/problem.ts'

/** A checked `GET /counters` of one key; hours in [from, to). */
export type CounterQuery = {
  readonly key: string
  readonly from: Hour
  readonly to: Hour
  readonly isFresh: boolean
}

/** As `at` in an increment, but in a query everything is text. */
const instantText = z
  .string()
  .transform((text) => (/^-?\d{1,16}$/.test(text) ? Number(text) : text))
  .pipe(instantSchema)

const parametersSchema = z.strictObject({
  from: instantText.optional(),
  to: instantText.optional(),
  consistency: z.enum(['fresh', 'committed'], { error: 'must be fresh or committed' }).default('fresh'),
})

const DEFAULT_HOURS = 24

/** Parses the parameters of `GET /counters?key=` and, when the key stands in the path, of `GET /counters/{key}`. */
export function parseCounterQuery(
  rawSearch: string,
  keyInPath: string | undefined,
  nowMs: number,
): CounterQuery | Problem {
  // URLSearchParams would take what is not UTF-8 for U+FFFD, and answer for another key than was asked.
  if (!isPercentEncodedUtf8(rawSearch))
    return invalid('key', 'or another parameter is not percent-encoded UTF-8')
  const search = new URLSearchParams(rawSearch)
  const key = parseKey(search, keyInPath)
  if (typeof key !== 'string') return key
  const names = [...search.keys()].filter((name) => name !== 'key' || keyInPath !== undefined)
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  if (repeated !== undefined) return invalid(repeated, 'is given more than once')
  const parsed = parametersSchema.safeParse(Object.fromEntries(names.map((name) => [name, search.get(name)])))
  if (!parsed.success) return invalidOf(parsed.error)
  const range = parseRange(parsed.data.from, parsed.data.to, nowMs)
  return 'kind' in range ? range : { key, ...range, isFresh: parsed.data.consistency === 'fresh' }
}

function isPercentEncodedUtf8(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

function parseKey(search: URLSearchParams, keyInPath: string | undefined): string | Problem {
  const [key, ...others] = keyInPath === undefined ? search.getAll('key') : [keyInPath]
  if (key === undefined) return invalid('key', 'is missing: ask for /counters?key=...')
  if (others.length > 0)
    return invalid('key', 'is given more than once, and several keys are not supported yet')
  const fault = keyFault(key)
  return fault === undefined ? key : invalid('key', fault)
}

/** The last 24 hours by default, the current one included. */
function parseRange(
  fromMs: number | undefined,
  toMs: number | undefined,
  nowMs: number,
): { from: Hour; to: Hour } | Problem {
  const end = toMs === undefined ? addHours(hourOf(nowMs), 1) : hoursBeginningIn(toMs, toMs).to
  const begin = fromMs === undefined ? addHours(end, -DEFAULT_HOURS) : hoursBeginningIn(fromMs, fromMs).from
  if (begin > end) return invalid('from', 'must not be after to')
  if (end - begin > BUCKETS_MAX) {
    return invalid('from', `and to span ${end - begin} hours; one answer has at most ${BUCKETS_MAX} buckets`)
  }
  return { from: begin, to: end }
}

function invalidOf(error: z.ZodError): Problem {
  const [issue] = error.issues
  if (issue?.code === 'unrecognized_keys') {
    return invalid(issue.keys[0] ?? '', 'is not known here. Known are key, from, to, consistency')
  }
  return invalid(String(issue?.path[0] ?? ''), issue?.message ?? 'is invalid')
}

function invalid(parameter: string, message: string): Problem {
  return { kind: 'invalid_parameter', parameter, detail: `${parameter} ${message}.` }
}
