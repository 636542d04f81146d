import { z } from 'zod'
import { LIST_DEPTH_MAX, LIST_HOURS_MAX, LIST_ITEMS_DEFAULT, LIST_ITEMS_MAX } from '../../limits.ts'
import type { HourRange } from '../../model/hour.ts'
import { firstHourFrom } from '../../model/hour.ts'
import { check, groupBase, keyFault, keysUnder } from '../../model/key.ts'
import { LIST_SORTS, type ListQuery } from '../../model/read.ts'
import type { Asked } from '../http/parameters.ts'
import { invalid, parseParameters, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import { type Cursor, decodeCursor } from './cursor.ts'
import { parseRange, rangeParameters } from './range.ts'

export const prefixText = z
  .string({ error: 'is missing' })
  .check(check((prefix) => (prefix === '' ? undefined : keyFault(prefix))))

const CURSOR = 'is none that an answer gave as nextCursor'

const cursorText = z.string().transform((text, ctx): Cursor => {
  const cursor = decodeCursor(text)
  if (cursor !== undefined) return cursor
  ctx.addIssue({ code: 'custom', message: CURSOR })
  return z.NEVER
})

/** The parameters of `GET /counters?prefix=`. */
export const listParametersSchema = z.strictObject({
  prefix: prefixText.meta({
    description: 'Lists the keys that begin with it: `site/` for whole segments, nothing for all.',
    example: 'site/',
  }),
  ...rangeParameters,
  sort: z
    .enum(LIST_SORTS, { error: `must be ${LIST_SORTS.join(', ')}` })
    .default('key')
    .meta({
      description: 'By key, page by page; or the largest first, in one page.',
    }),
  depth: wholeText(1, LIST_DEPTH_MAX).optional().meta({
    description: "Groups keys by so many segments after the prefix's last `/`.",
  }),
  limit: wholeText(1, LIST_ITEMS_MAX)
    .default(LIST_ITEMS_DEFAULT)
    .meta({ description: `Items of a page; ${LIST_ITEMS_DEFAULT} by default.` }),
  cursor: cursorText.optional().meta({ description: '`nextCursor` of the page before.' }),
})

type Parameters = z.output<typeof listParametersSchema>

/** A list as asked for: what Postgres is asked, and what the cursor of its next page is made of. */
export type AskedList = { readonly query: ListQuery; readonly prefix: string }

/** Parses the parameters of `GET /counters?prefix=`, for a token that may read keys under a grant's prefix. [S2] */
export function parseListQuery(asked: Asked, grant: string | null, nowMs: number): AskedList | Problem {
  const hasKey = typeof asked === 'string' ? new URLSearchParams(asked).has('key') : 'key' in asked
  if (hasKey) return invalid('key', 'must not stand beside prefix')
  const parsed = parseParameters(asked, listParametersSchema)
  if ('kind' in parsed) return parsed
  const { prefix, sort, depth, limit, cursor } = parsed.parameters
  if (cursor !== undefined && sort !== 'key') {
    return invalid('cursor', `goes with sort=key alone: sort=${sort} has one page`)
  }
  const range =
    cursor === undefined ? parseListRange(parsed.parameters, nowMs) : rangeOf(cursor, parsed.parameters)
  if ('kind' in range) return range
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return FORBIDDEN
  const grouping = depth === undefined ? null : { base: groupBase(prefix), depth }
  return { prefix, query: { ranges, ...range, sort, grouping, limit, after: cursor?.after ?? null } }
}

export const FORBIDDEN: Problem = {
  kind: 'forbidden',
  detail: 'No key under this prefix is one that this token or binding may read.',
}

function parseListRange(parameters: Pick<Parameters, 'from' | 'to'>, nowMs: number): HourRange | Problem {
  const range = parseRange(parameters, nowMs)
  if ('kind' in range || range.to - range.from <= LIST_HOURS_MAX) return range
  return invalid('from', `and to span ${range.to - range.from} hours; a list has at most ${LIST_HOURS_MAX}`)
}

/** The hours of the first page, whatever the time is now; what is said again beside a cursor must be the same. */
function rangeOf(cursor: Cursor, { prefix, depth, from, to }: Parameters): HourRange | Problem {
  const isSame =
    cursor.prefix === prefix &&
    cursor.depth === (depth ?? null) &&
    (from === undefined || firstHourFrom(from) === cursor.from) &&
    (to === undefined || firstHourFrom(to) === cursor.to)
  if (!isSame) return invalid('cursor', 'is of a list with another prefix, depth, from or to')
  const isRange = cursor.from <= cursor.to && cursor.to - cursor.from <= LIST_HOURS_MAX
  return isRange ? { from: cursor.from, to: cursor.to } : invalid('cursor', CURSOR)
}
