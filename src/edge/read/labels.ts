import { z } from 'zod'
import { LABEL_VALUES_SHOWN, LABELS_DAYS, LABELS_LISTED_MAX } from '../../limits.ts'
import type { Grant } from '../../model/access/grant.ts'
import { formatHourStart } from '../../model/hour.ts'
import { keyAlone, keySchema, keysUnder } from '../../model/key.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import { refuseOutside } from '../http/access.ts'
import type { RawParameters } from '../http/parameters.ts'
import { invalid, parseParameters } from '../http/parameters.ts'
import type { Problem } from '../http/problem.ts'
import type { Database } from '../ports.ts'
import { coarseOf, listFields, sumSchema, unreadableOf } from './answers.ts'
import { listHoursOf, noKeyUnder, prefixText } from './list.ts'
import { rangeParameters } from './range.ts'

export const labelsParameters = z.strictObject({
  key: keySchema.optional().meta({ description: 'The key whose labels are listed.' }),
  prefix: prefixText
    .optional()
    .meta({ description: 'In place of `key`: all keys that begin with this text.' }),
  ...rangeParameters,
})

const labelSchema = z.strictObject({
  name: z.string(),
  values: z.int().min(1).meta({ description: 'How many values it has in the range.' }),
  count: z.int().min(0).meta({ description: 'How many increments have it.' }),
  largest: z
    .array(z.strictObject({ value: z.string(), sum: sumSchema, count: z.int().min(0) }))
    .meta({ description: `Its values with the largest sums, at most ${LABEL_VALUES_SHOWN}.` }),
})

export const labelsAnswerSchema = z
  .strictObject({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    labels: z.array(labelSchema).meta({ description: `By name, the first ${LABELS_LISTED_MAX}.` }),
    overflow: z.strictObject({ sum: sumSchema, count: z.int().min(0) }).meta({
      description:
        'Increments of keys that had too many label sets in the hour, so that their labels are not known.',
    }),
    ...listFields,
  })
  .meta({ id: 'Labels' })

export type LabelsAnswer = z.infer<typeof labelsAnswerSchema>

/** `GET /labels`: the labels that slices of a key, or of the keys under a prefix, have in Postgres. [R2] [S2] */
export async function readLabels(
  raw: RawParameters,
  grant: Grant,
  nowMs: number,
  { listLabels, firstHour }: Pick<Database, 'listLabels' | 'firstHour'>,
): Promise<Result<LabelsAnswer, Problem>> {
  const parsed = parseParameters(raw, labelsParameters)
  if (!parsed.ok) return parsed
  const { key, prefix } = parsed.value
  if (key === undefined && prefix === undefined) return invalid('key', 'is missing: give `key` or `prefix`')
  if (key !== undefined && prefix !== undefined) return invalid('key', 'cannot be combined with `prefix`')
  const outside = key === undefined ? undefined : refuseOutside(grant, [key])
  if (outside !== undefined) return fail(outside)
  const ranges = key === undefined ? keysUnder(prefix ?? '', grant.prefix) : [keyAlone(key)]
  if (ranges === undefined) return fail(noKeyUnder(grant.prefix))
  const range = await listHoursOf(parsed.value, {
    nowMs,
    firstHour: () => firstHour(key === undefined ? { ranges } : { keys: [key] }),
    defaultHours: LABELS_DAYS * 24,
  })
  if (!range.ok) return range
  const { from, to } = range.value
  const { items, overflow, unreadable, coarse } = await listLabels({
    ranges,
    from,
    to,
    names: LABELS_LISTED_MAX,
    values: LABEL_VALUES_SHOWN,
  })
  const flushes = [...items, ...(overflow === null ? [] : [overflow])].map(({ lastFlushMs }) => lastFlushMs)
  return ok({
    from: formatHourStart(from),
    to: formatHourStart(to),
    labels: items.map(({ name, values, count, largest }) => ({ name, values, count, largest: [...largest] })),
    overflow: { sum: overflow?.largest[0]?.sum ?? 0n, count: overflow?.count ?? 0 },
    lastFlushAt: flushes.length === 0 ? null : new Date(Math.max(...flushes)).toISOString(),
    ...unreadableOf(unreadable),
    ...coarseOf(coarse),
  })
}
