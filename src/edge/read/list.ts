import { z } from 'zod'
import { LIST_DEPTH_MAX, LIST_HOURS_MAX, LIST_ITEMS_DEFAULT, LIST_ITEMS_MAX } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import type { HourRange } from '../../model/hour.ts'
import { formatHourStart } from '../../model/hour.ts'
import { check, groupBase, keyFault, keysUnder } from '../../model/key.ts'
import type { ListCounters, ListItem, ListQuery } from '../../model/read.ts'
import { LIST_SORTS } from '../../model/read.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { takesUnlabelled } from '../../model/slices/grouping.ts'
import type { RawParameters } from '../http/parameters.ts'
import { invalid, parsedText, parseParameters, wholeText } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Database } from '../ports.ts'
import { coarseOf, listFields, sumSchema, unreadableOf } from './answers.ts'
import { type Cursor, decodeCursor, encodeCursor } from './cursor.ts'
import { groupingParameters, whereOf } from './grouping.ts'
import { type AskedRange, hourOfMoment, hoursOf, type RangeQuery, rangeParameters } from './range.ts'

/** The beginning of keys: any text, whether or not it ends with a segment. */
export const prefixText = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be a text') })
  .check(check((prefix) => (prefix === '' ? undefined : keyFault(prefix))))

const NOT_A_CURSOR = 'must be the `nextCursor` of an earlier answer'

const cursorText = parsedText(decodeCursor, NOT_A_CURSOR)

export const listParameters = z.strictObject({
  prefix: prefixText.meta({
    description:
      'Lists the keys that begin with this text: `site/` for whole segments, nothing for all keys.',
    example: 'site/',
  }),
  contains: z
    .string()
    .check(check(keyFault))
    .optional()
    .meta({
      description:
        'Only keys that have this text anywhere, as it is written. No index helps to find it: narrow the prefix or the hours ' +
        'when Postgres does not answer in time.',
      example: 'pricing',
    }),
  where: groupingParameters.where.meta({
    description:
      'Counts only what has this label: `plan:pro`, split at the first `:`. Different names are all required, the same name ' +
      'again is an alternative, and `plan:` means that it has no such label, beside a label that it has.',
    example: ['endpoint:/v1/search'],
  }),
  ...rangeParameters,
  sort: z
    .enum(LIST_SORTS, { error: `must be one of ${LIST_SORTS.join(', ')}` })
    .default('key')
    .meta({ description: 'By key, in pages; or the largest first, in one page.' }),
  depth: wholeText(1, LIST_DEPTH_MAX).optional().meta({
    description: "Group keys by their first N path segments after the prefix's last `/`.",
  }),
  limit: wholeText(1, LIST_ITEMS_MAX)
    .default(LIST_ITEMS_DEFAULT)
    .meta({ description: `Items in a page; ${LIST_ITEMS_DEFAULT} by default.` }),
  cursor: cursorText.optional().meta({ description: '`nextCursor` of the page before.' }),
})

type Parameters = z.output<typeof listParameters>

/** A checked list: the question for Postgres, and what else the cursor of the next page carries. */
type ListRequest = {
  readonly query: ListQuery
  readonly prefix: string
  /** Null for a list without a range that has a name. */
  readonly rangeName: string | null
  /** The texts of `where`. */
  readonly conditions: readonly string[]
}

type ListDatabase = Pick<Database, 'list' | 'firstHour'>

/** Answers `GET /keys` to a token that may read the keys under `grant`. [S2] */
export async function readList(
  raw: RawParameters,
  grant: string | null,
  nowMs: number,
  { list, firstHour }: ListDatabase,
): Promise<Result<ListAnswer, Problem>> {
  const request = await parseListQuery(raw, grant, nowMs, firstHour)
  return request.ok ? ok(await listAnswer(request.value, list)) : request
}

/** Checks the parameters of a list, for a token that may read the keys under `grant`, null for all keys. [S2] */
export async function parseListQuery(
  raw: RawParameters,
  grant: string | null,
  nowMs: number,
  firstHour: ListDatabase['firstHour'],
): Promise<Result<ListRequest, Problem>> {
  const parsed = parseParameters(raw, listParameters)
  if (!parsed.ok) return parsed
  const { prefix, contains = null, sort, depth, limit, cursor } = parsed.value
  const where = whereOf(parsed.value.where ?? [])
  if (where.length > 0 && takesUnlabelled({ by: null, where })) return invalid('where', NO_SLICE)
  if (cursor !== undefined && sort !== 'key') {
    return invalid('cursor', `cannot be combined with \`sort=${sort}\`, which has one page`)
  }
  const ranges = keysUnder(prefix, grant)
  if (ranges === undefined) return fail(noKeyUnder(grant))
  const range =
    cursor === undefined
      ? await listHoursOf(parsed.value, { nowMs, firstHour: () => firstHour({ ranges }) })
      : rangeOf(cursor, parsed.value)
  if (!range.ok) return range
  const grouping = depth === undefined ? null : { base: groupBase(prefix), depth }
  return ok({
    prefix,
    rangeName: rangeNameOf(parsed.value),
    conditions: parsed.value.where ?? [],
    query: { ranges, contains, where, ...range.value, sort, grouping, limit, after: cursor?.after ?? null },
  })
}

/** Increments of a key without labels are known as what its slices leave of its sum, which has no smallest and largest value. */
const NO_SLICE = 'must ask for a value: a list by labels has only what carries some, such as `plan:pro`'

/** The problem that no key with the prefix asked for is under the grant. */
export function noKeyUnder(grant: string | null): Problem {
  return {
    kind: 'forbidden',
    limit: { kind: 'no_key_under', prefix: must(grant, 'the prefix of the grant') },
  }
}

/** The hours of a list, which comes from Postgres alone and has no buckets. */
export async function listHoursOf(
  parameters: RangeQuery,
  terms: Pick<AskedRange, 'nowMs' | 'firstHour' | 'defaultHours'>,
): Promise<Result<HourRange, Problem>> {
  const range = await hoursOf(parameters, { unit: null, freshFrom: null, ...terms })
  if (!range.ok) return range
  const hours = range.value.to - range.value.from
  if (hours <= LIST_HOURS_MAX) return range
  const name = parameters.range === undefined ? 'from' : 'range'
  return invalid(name, { asked: hours, max: LIST_HOURS_MAX, unit: 'hours' })
}

/** A range with its zone, as a cursor carries it: its hours move on, so that they do not tell whether it is asked for again. */
function rangeNameOf({ range, tz }: RangeQuery): string | null {
  return range === undefined ? null : `${range} ${tz.name}`
}

/** The hours of the first page, whatever the time is now. Parameters that are given again must not have changed. */
function rangeOf(
  cursor: Cursor,
  { prefix, contains, where = [], depth, ...range }: Parameters,
): Result<HourRange, Problem> {
  const isSame =
    cursor.prefix === prefix &&
    cursor.contains === (contains ?? null) &&
    cursor.where.join('\n') === where.join('\n') &&
    cursor.depth === (depth ?? null) &&
    (range.range === undefined || rangeNameOf(range) === cursor.rangeName) &&
    (range.from === undefined || hourOfMoment(range.from, range.tz) === cursor.from) &&
    (range.to === undefined || hourOfMoment(range.to, range.tz) === cursor.to)
  if (!isSame) {
    return invalid(
      'cursor',
      'belongs to a list with another prefix, contains, where, depth, range, from, to or tz',
    )
  }
  const isRange = cursor.from <= cursor.to && cursor.to - cursor.from <= LIST_HOURS_MAX
  return isRange ? ok({ from: cursor.from, to: cursor.to }) : invalid('cursor', NOT_A_CURSOR)
}

/** A key, or with `depth` a group of keys. */
const listItemSchema = z.strictObject({
  key: z.string(),
  sum: sumSchema,
  count: z.int().min(0),
  min: z.int(),
  max: z.int(),
  keys: z.int().min(1).optional().meta({
    description: 'For a group: how many distinct keys it holds, its own name included if that is a key.',
  }),
  isKey: z.boolean().optional().meta({
    description:
      'For a group: whether its own name is one of those keys. It has children when `keys` is more than that.',
  }),
})

export const listAnswerSchema = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    items: z.array(listItemSchema),
    nextCursor: z
      .string()
      .nullable()
      .meta({ description: 'The `cursor` of the next page; null on the last page.' }),
    ...listFields,
  })
  .meta({ id: 'List' })

export type ListAnswer = z.infer<typeof listAnswerSchema>

/** Lists what Postgres has. [R2] Over all pages no key is missed and none comes twice, whatever is counted meanwhile. */
export async function listAnswer(
  { prefix, rangeName, conditions: where, query }: ListRequest,
  listCounters: ListCounters,
): Promise<ListAnswer> {
  const { contains, from, to, sort, grouping, limit } = query
  // One item more than a page shows whether there is a next page; a list by size has only one.
  const {
    items: found,
    unreadable,
    coarse,
  } = await listCounters(sort === 'key' ? { ...query, limit: limit + 1 } : query)
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  const depth = grouping?.depth ?? null
  const cursor = last && { prefix, contains, where, depth, rangeName, from, to, after: last.key }
  const lastFlushMs = items.reduce((latest, item) => Math.max(latest, item.lastFlushMs), 0)
  return {
    from: formatHourStart(from),
    to: formatHourStart(to),
    items: items.map(shownItem),
    nextCursor: cursor === undefined ? null : encodeCursor(cursor),
    lastFlushAt: items.length === 0 ? null : new Date(lastFlushMs).toISOString(),
    ...unreadableOf(unreadable),
    ...coarseOf(coarse),
  }
}

function shownItem({ key, sum, count, min, max, group }: ListItem) {
  return { key, sum, count, min, max, ...group }
}
