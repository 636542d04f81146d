import { z } from 'zod'

/** Every kind of notice. */
export const NOTICE_KINDS = ['database', 'schema', 'schedule'] as const

/** A thing that only a person can mend. All but `database` are found by the hourly cron. */
export const noticeSchema = z
  .strictObject({
    kind: z.enum(NOTICE_KINDS).meta({
      description:
        '`database`: the Worker has no DATABASE_URL. `schema`: Postgres lacks a migration. `schedule`: an hour that has begun has changed its SHARDS or LATE_HOURS.',
    }),
    text: z.string().meta({ description: 'The cause, and what to do.' }),
  })
  .meta({ id: 'Notice' })

export type Notice = z.infer<typeof noticeSchema>

/** How the schema of Postgres is, after the Worker has brought it up as far as it may. */
export type SchemaState =
  /** `advice` is for the case that Postgres refuses all the same. */
  | { readonly kind: 'newest'; readonly advice: string }
  /** `reason` says what is in the way, and what a person can do. */
  | { readonly kind: 'not_yet'; readonly reason: string; readonly needsPerson: boolean }
