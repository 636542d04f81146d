import { z } from 'zod'
import { LIST_DEPTH_MAX, LIST_HOURS_MAX, LIST_ITEMS_DEFAULT, LIST_ITEMS_MAX } from '../limits.ts'
import { type Cursor, decodeCursor } from '../model/cursor.ts'
import type { Hour } from '../model/hour.ts'
import { addHours, hourOf, hoursBeginningIn } from '../model/hour.ts'
import { keyFault } from '../model/increment.ts'
import { LIST_SORTS, type ListQuery } from '../model/list.ts'
import { groupBase, keysUnder } from '../model/prefix.ts'
import type { Problem } from '../model/problem.ts'
import { instantText, invalid, parseParameters, wholeText } from './parameters.ts'

const prefixText = z.string({ error: 'is missing' }).check((ctx) => {
  const message = ctx.value === '' ? undefined : keyFault(ctx.value)
  if (message !== undefined) ctx.issues.push({ code: 'custom', message, input: ctx.value })
})

const CURSOR = 'is none that an answer gave as nextCursor'

const cursorText = z.string().transform((text, ctx): Cursor => {
  const cursor = decodeCursor(text)
  if (cursor !== undefined) return cursor
  ctx.addIssue({ code: 'custom', message: CURSOR })
  return z.NEVER
})

/** The parameters of `GET /counters?prefix=`. */
export const listParametersSchema = z.strictObject({
  prefix: prefixText,
  from: instantText.optional(),
  to: instantText.optional(),
  sort: z.enum(LIST_SORTS, { error: `must be ${LIST_SORTS.join(', ')}` }).default('key'),
  depth: wholeText(1, LIST_DEPTH_MAX).optional(),
  limit: wholeText(1, LIST_ITEMS_MAX).default(LIST_ITEMS_DEFAULT),
  cursor: cursorText.optional(),
})

type Parameters = z.output<typeof listParametersSchema>

type HourRange = { readonly from: Hour; readonly to: Hour }

/** A list as asked for: what Postgres is asked, and what the cursor of its next page is made of. */
export type AskedList = { readonly query: ListQuery; readonly prefix: string }

/** Parses the parameters of `GET /counters?prefix=`, for a token that may read keys under a grant's prefix. [S2] */
export function parseListQuery(rawSearch: string, grant: string | null, nowMs: number): AskedList | Problem {
  if (new URLSearchParams(rawSearch).has('key')) return invalid('key', 'must not stand beside prefix')
  const parsed = parseParameters(rawSearch, listParametersSchema)
  if ('kind' in parsed) return parsed
  const { prefix, sort, depth, limit, cursor } = parsed.parameters
  if (cursor !== undefined && sort !== 'key') {
    return invalid('cursor', `goes with sort=key alone: sort=${sort} has one page`)
  }
  const range =
    cursor === undefined ? parseRange(parsed.parameters, nowMs) : rangeOf(cursor, parsed.parameters)
  if ('kind' in range) return range
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return { kind: 'forbidden', detail: FORBIDDEN }
  const grouping = depth === undefined ? null : { base: groupBase(prefix), depth }
  return { prefix, query: { ranges, ...range, sort, grouping, limit, after: cursor?.after ?? null } }
}

const FORBIDDEN = 'No key under this prefix is one that this token may read.'

/** The last 24 hours by default, the current one included. */
function parseRange({ from, to }: Pick<Parameters, 'from' | 'to'>, nowMs: number): HourRange | Problem {
  const end = to === undefined ? addHours(hourOf(nowMs), 1) : hoursBeginningIn(to, to).to
  const begin = from === undefined ? addHours(end, -DEFAULT_HOURS) : hoursBeginningIn(from, from).from
  if (begin > end) return invalid('from', 'must not be after to')
  if (end - begin <= LIST_HOURS_MAX) return { from: begin, to: end }
  return invalid('from', `and to span ${end - begin} hours; a list has at most ${LIST_HOURS_MAX}`)
}

const DEFAULT_HOURS = 24

/** The hours of the first page, whatever the time is now; what is said again beside a cursor must be the same. */
function rangeOf(cursor: Cursor, { prefix, depth, from, to }: Parameters): HourRange | Problem {
  const isSame =
    cursor.prefix === prefix &&
    cursor.depth === (depth ?? null) &&
    (from === undefined || hoursBeginningIn(from, from).from === cursor.from) &&
    (to === undefined || hoursBeginningIn(to, to).to === cursor.to)
  if (!isSame) return invalid('cursor', 'is of a list with another prefix, depth, from or to')
  const isRange = cursor.from <= cursor.to && cursor.to - cursor.from <= LIST_HOURS_MAX
  return isRange ? { from: cursor.from, to: cursor.to } : invalid('cursor', CURSOR)
}
