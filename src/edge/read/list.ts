import { z } from 'zod'
import { formatHourStart } from '../../model/hour.ts'
import type { ListCounters, ListItem } from '../../model/read.ts'
import { sumSchema } from './answers.ts'
import { encodeCursor } from './cursor.ts'
import type { AskedList } from './list-query.ts'

/** A key, or with `depth` a group of keys. */
const listItemSchema = z.strictObject({
  key: z.string(),
  sum: sumSchema,
  count: z.int().min(1),
  min: z.int(),
  max: z.int(),
  keys: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'Of a group: how many distinct keys it holds, its own name among them or not.' }),
  isKey: z.boolean().optional().meta({
    description:
      'Of a group: whether its own name is one of those keys. It has children when `keys` is more than that.',
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
      .meta({ description: 'Where the next page begins; null when there is none.' }),
    lastFlushAt: z.iso.datetime().nullable().meta({
      description:
        'When Postgres last received something that is in this answer; null when it has none of it.',
    }),
  })
  .meta({ id: 'List' })

export type ListAnswer = z.infer<typeof listAnswerSchema>

/** Lists what Postgres has. [R2] Page by page no key is missed or comes twice, whatever is counted meanwhile. */
export async function listAnswer(
  { prefix, query }: AskedList,
  listCounters: ListCounters,
): Promise<ListAnswer> {
  const { from, to, sort, grouping, limit } = query
  // One more than is shown tells whether there is a next page; a list by size has none.
  const found = await listCounters(sort === 'key' ? { ...query, limit: limit + 1 } : query)
  const items = found.slice(0, limit)
  const last = found.length > limit ? items.at(-1) : undefined
  const cursor = last && { prefix, depth: grouping?.depth ?? null, from, to, after: last.key }
  const lastFlushMs = items.reduce((latest, item) => Math.max(latest, item.lastFlushMs), 0)
  return {
    from: formatHourStart(from),
    to: formatHourStart(to),
    items: items.map(shownItem),
    nextCursor: cursor === undefined ? null : encodeCursor(cursor),
    lastFlushAt: items.length === 0 ? null : new Date(lastFlushMs).toISOString(),
  }
}

function shownItem({ key, sum, count, min, max, group }: ListItem) {
  return { key, sum, count, min, max, ...group }
}
