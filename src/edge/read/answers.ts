import { z } from 'zod'
import { UNITS } from '../../model/calendar.ts'
import type { Cell } from '../../model/cell.ts'

/** A sum on the wire. */
export const sumSchema = z.bigint().meta({
  description: 'Exact at any size: it may be beyond 2^53.',
  override: ({ jsonSchema }: { jsonSchema: { format?: unknown } }) => {
    // zod calls a bigint an int64, which it is not.
    delete jsonSchema.format
  },
  example: 7,
})

const sums = {
  sum: sumSchema,
  count: z.int().min(0).meta({ description: 'Increments.' }),
  min: z.int().nullable().meta({ description: 'The smallest value among them; null when there are none.' }),
  max: z.int().nullable().meta({ description: 'The largest.' }),
}

const sumsSchema = z.strictObject(sums)

const bucketSchema = z.strictObject({
  start: z.iso.datetime({ offset: true }).meta({
    description:
      'When it began by the clocks of the zone, in its offset. The first may have begun before the range, and has the ' +
      'hours of the range alone.',
    example: '2026-11-21T20:00:00Z',
  }),
  ...sums,
})

/** What is known of a key in a range. */
export const counterAnswerSchema = z
  .strictObject({
    key: z.string(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    bucket: z.enum(UNITS),
    tz: z.string(),
    aligned: z.boolean().meta({
      description: "False where the zone's offset splits hours: then a day has the hours that begin in it.",
    }),
    total: sumsSchema,
    buckets: z
      .array(bucketSchema)
      .meta({ description: 'All of the range, in order, those with nothing too.' }),
    unsettled: z.array(bucketSchema).nullable().meta({
      description:
        'What of it Postgres may not have yet: the buckets that have any. Null in a committed read, which cannot know.',
    }),
    asOf: z
      .string()
      .nullable()
      .meta({
        description:
          'Opaque. Two answers over the same hours and `freshHours` with the same `asOf` have the same of Postgres in them, so only what ' +
          'is unsettled may differ: `consistency=unsettled` then tells all that has changed. Null in a committed read.',
      }),
    pending: z.int().min(0).nullable().meta({
      description:
        'Increments in this answer that Postgres may not have yet; null in a committed read, which cannot know.',
    }),
    freshFrom: z.iso.datetime().nullable().meta({
      description: 'From this hour on the answer has everything acknowledged before it was asked.',
    }),
    lastFlushAt: z.iso.datetime().nullable().meta({
      description:
        'When Postgres last received something that is in this answer; null when it has none of it.',
    }),
  })
  .meta({ id: 'Counter' })

/** The same of all keys under a prefix, added up. */
export const seriesAnswerSchema = z
  .strictObject({ prefix: z.string(), ...counterAnswerSchema.omit({ key: true }).shape })
  .meta({ id: 'Series' })

export type SeriesAnswer = z.infer<typeof seriesAnswerSchema>

/** For several keys, in the order in which they were asked for. */
export const counterAnswersSchema = z.strictObject({ items: z.array(counterAnswerSchema) })

export type CounterAnswer = z.infer<typeof counterAnswerSchema>

/** The extremes of nothing are null, not infinite. */
export function sumsOf({ sum, count, min, max }: Cell): z.infer<typeof sumsSchema> {
  return count === 0 ? { sum, count, min: null, max: null } : { sum, count, min, max }
}
