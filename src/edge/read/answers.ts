import { z } from 'zod'
import { UNREADABLE_TOLD_MAX } from '../../limits.ts'
import type { Cell } from '../../model/cell.ts'
import type { CoarseRange, UnreadableRow } from '../../model/read.ts'
import { UNITS } from '../../model/time/calendar.ts'

/** A sum in an answer. */
export const sumSchema = z.bigint().meta({
  description: 'Exact at any size: it may be beyond 2^53.',
  override: ({ jsonSchema }: { jsonSchema: { format?: unknown } }) => {
    // zod says int64 for a bigint, and a sum may be larger.
    delete jsonSchema.format
  },
  example: 7,
})

const sums = {
  sum: sumSchema,
  count: z.int().min(0).meta({ description: 'How many increments.' }),
  min: z.int().nullable().meta({ description: 'The smallest value; null without increments.' }),
  max: z.int().nullable().meta({ description: 'The largest value; null without increments.' }),
}

const sumsSchema = z.strictObject(sums)

const bucketSchema = z.strictObject({
  start: z.iso.datetime({ offset: true }).meta({
    description:
      'When the bucket began, in the offset of the zone. The first bucket may have begun before the range; it has only ' +
      'the hours of the range.',
    example: '2026-11-21T00:00:00+05:30',
    // Without `format`, because checks that are made from it refuse an offset.
    override: ({ jsonSchema }: { jsonSchema: { format?: unknown; pattern?: unknown } }) => {
      delete jsonSchema.format
      delete jsonSchema.pattern
    },
  }),
  ...sums,
})

export const unreadableRowSchema = z.strictObject({
  key: z.string(),
  hour: z.iso.datetime().meta({ example: '2026-11-21T20:00:00Z' }),
})

/** Rows of Postgres that an answer leaves out. */
const unreadableSchema = z
  .array(unreadableRowSchema)
  .optional()
  .meta({
    description:
      'Only when there are any: rows of keys, or of their slices, that somebody set by SQL to what is no whole number, or too large. ' +
      'They are left out of this answer until somebody corrects them. At least one of each key is named, up to ' +
      `${UNREADABLE_TOLD_MAX} in all.`,
  })

/** @returns the field of an answer: none when there are no such rows. */
export function unreadableOf(rows: readonly UnreadableRow[]): { unreadable?: UnreadableRow[] } {
  return rows.length === 0 ? {} : { unreadable: rows.slice(0, UNREADABLE_TOLD_MAX) }
}

/** Days of an answer that count whole because their hours are gone. [D1] */
const coarseSchema = z
  .array(z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }))
  .optional()
  .meta({
    description:
      'Only when there are any: whole UTC days whose hours were deleted, and that an edge of the range or of a bucket cuts. Each ' +
      'of them counts whole where it begins, and not at all if it begins before `from`.',
  })

/** @returns the field of an answer: none when it is as fine as was asked. */
export function coarseOf(ranges: readonly CoarseRange[]): { coarse?: CoarseRange[] } {
  return ranges.length === 0 ? {} : { coarse: [...ranges] }
}

/** Fields of a list of what Postgres has, beside its items. */
export const listFields = {
  lastFlushAt: z.iso.datetime().nullable().meta({
    description:
      'When Postgres last received something that is in this answer; null when the answer is empty.',
  }),
  unreadable: unreadableSchema,
  coarse: coarseSchema,
}

const UNSETTLED =
  'The part that Postgres may not have yet, as the buckets that have any. Null in a committed read, which cannot know.'

const ONLY_COMPARED = 'Only with `compare`: the time before, which may have more or fewer buckets.'

/** The sums of a part, with the time before where that is asked for. */
function partSchema<S extends z.ZodType, B extends z.ZodType>(total: S, bucket: B) {
  const own = { total, buckets: z.array(bucket) }
  const unsettled = z.array(bucket).nullable().meta({ description: UNSETTLED })
  return { ...own, unsettled, previous: z.strictObject(own).optional().meta({ description: ONLY_COMPARED }) }
}

const part = partSchema(sumsSchema, bucketSchema)

const groupSchema = z.strictObject({ value: z.string(), ...part })

const plainSums = { sum: sumSchema, count: sums.count }

/** The fields that only an answer with `by` has. With them it adds up to `total`, and in each bucket too. [L1] */
const groupFields = {
  by: z.string().optional().meta({ description: 'Only with `by`: the label whose values are the groups.' }),
  groups: z
    .array(groupSchema)
    .optional()
    .meta({ description: 'Only with `by`: the largest groups by sum, at most `limit`, the largest first.' }),
  others: z
    .strictObject({ groups: z.int().min(0), ...part })
    .optional()
    .meta({ description: 'Only with `by`: all further groups together, and how many they are.' }),
  unlabelled: z
    .strictObject(
      partSchema(
        z.strictObject(plainSums),
        z.strictObject({ start: bucketSchema.shape.start, ...plainSums }),
      ),
    )
    .optional()
    .meta({ description: 'Only with `by`: what has no such label.' }),
  overflow: z
    .strictObject(part)
    .optional()
    .meta({
      description:
        'Only with `by`: what came when its key had too many label sets in an hour, so that its labels are not known. No ' +
        '`where` finds it.',
    }),
}

/** The sums of a key in a range. */
export const counterAnswerSchema = z
  .strictObject({
    key: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    bucket: z.enum(UNITS).nullable().meta({ description: 'Null when nothing but the total was asked for.' }),
    tz: z.string(),
    aligned: z.boolean().meta({
      description: "False where the zone's offset splits hours. A day then has the hours that begin in it.",
    }),
    total: sumsSchema,
    buckets: z.array(bucketSchema).meta({
      description: 'All buckets of the range in order, empty ones included. None for the total alone.',
    }),
    unsettled: z.array(bucketSchema).nullable().meta({ description: UNSETTLED }),
    asOf: z
      .string()
      .nullable()
      .meta({
        description:
          'Opaque. Two answers over the same hours and `freshHours` with the same `asOf` contain the same rows of ' +
          'Postgres, so only `unsettled` may differ, and `consistency=unsettled` shows every change. Null in a ' +
          'committed read.',
      }),
    pending: z.int().min(0).nullable().meta({
      description:
        'How many increments of this answer Postgres may not have yet. Null in a committed read, which cannot know.',
    }),
    freshFrom: z.iso.datetime().nullable().meta({
      description: 'From this hour on, the answer has everything that was acknowledged before the request.',
    }),
    lastFlushAt: z.iso.datetime().nullable().meta({
      description: 'When Postgres last received something that is in this answer; null when it has nothing.',
    }),
    previous: z
      .strictObject({
        from: z.iso.datetime(),
        to: z.iso.datetime(),
        total: sumsSchema,
        buckets: z.array(bucketSchema),
        beside: z.array(z.int().min(0).nullable()).meta({
          description:
            'For each of the buckets of the range, which one of `previous.buckets` is next to it: its number from 0 on, or ' +
            'null. An hour is next to the same hour by the clocks of `tz`. It holds for the parts too.',
        }),
      })
      .optional()
      .meta({ description: `${ONLY_COMPARED} As fresh as the rest.` }),
    unreadable: unreadableSchema,
    coarse: coarseSchema,
    ...groupFields,
  })
  .meta({ id: 'Counter' })

/** The sums of all keys under a prefix together. */
export const seriesAnswerSchema = z
  .strictObject({ prefix: z.string(), ...counterAnswerSchema.omit({ key: true }).shape })
  .meta({ id: 'Series' })

export type SeriesAnswer = z.infer<typeof seriesAnswerSchema>

/** The answer for several keys, in the order of the question. */
export const counterAnswersSchema = z.strictObject({ items: z.array(counterAnswerSchema) })

export type CounterAnswer = z.infer<typeof counterAnswerSchema>

/** The answer for one subject, without its name. */
export type SubjectAnswer = Omit<CounterAnswer, 'key'>

/**
 * A cell as answers show it: without increments, min and max are null and not infinite. They are null too where they are not
 * known, because a part of the cell was made by subtraction.
 */
export function sumsOf({ sum, count, min, max }: Cell): z.infer<typeof sumsSchema> {
  const isKnown = count > 0 && !Number.isNaN(min)
  return isKnown ? { sum, count, min, max } : { sum, count, min: null, max: null }
}
