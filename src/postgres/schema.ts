import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  date,
  index,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'

/** The schema of everything that Sumdial keeps in Postgres, the migrations table included. */
export const SCHEMA = 'sumdial'

// Not exported, so that drizzle-kit leaves its creation to the migrator, whose own table is in it too.
const sumdial = pgSchema(SCHEMA)

/**
 * Keys compare byte by byte, whatever the database's locale: the order of a flush's rows, of a page and of a
 * prefix range is then one and the same.
 */
export const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

export const instant = (name: string) => timestamp(name, { withTimezone: true })

/** The columns of a cell, and when a flush last touched it. Made anew for each table. */
const cellColumns = () => ({
  sum: numeric('sum').notNull(),
  count: bigint('count', { mode: 'bigint' }).notNull(),
  min: bigint('min', { mode: 'bigint' }).notNull(),
  max: bigint('max', { mode: 'bigint' }).notNull(),
  updatedAt: instant('updated_at').notNull().default(sql`now()`),
})

/**
 * One row per key and hour: everything that people read.
 *
 * No indexed column ever changes, so repeated upserts stay heap-only (HOT) while the page has room; the
 * migration leaves that room with a fill factor.
 */
export const counters = sumdial.table(
  'counters',
  {
    key: key('key').notNull(),
    hour: instant('hour').notNull(),
    ...cellColumns(),
  },
  (t) => [
    primaryKey({ columns: [t.key, t.hour] }),
    // Some hours of a prefix.
    index('counters_hour_key').on(t.hour, t.key),
    // Many hours of many keys: rows are on disk about as they were flushed, hour by hour, so a few hundred kB of index
    // say which pages have them. Several intervals for each range of pages, because late increments put an old hour
    // among the new.
    index('counters_hour_pages')
      .using('brin', t.hour.op('timestamptz_minmax_multi_ops'))
      .with({ pages_per_range: 32, autosummarize: true }),
  ],
)

/**
 * One row per slice and hour: what came with labels, and nothing else. A key's row in `counters` includes it. [L1]
 *
 * `labels` is what people ask for in SQL. Two sets of labels that are equal are one value, in whatever order they came.
 */
export const slices = sumdial.table(
  'slices',
  {
    key: key('key').notNull(),
    hour: instant('hour').notNull(),
    labels: jsonb('labels').notNull(),
    ...cellColumns(),
  },
  (t) => [
    primaryKey({ columns: [t.key, t.hour, t.labels] }),
    // Some hours of all keys of a prefix, by a label.
    index('slices_hour_key').on(t.hour, t.key),
  ],
)

/**
 * One row per key and UTC day, made from that day's rows in `counters`. A read may use it where `rollups` says that the day is
 * good or gone. [D1]
 */
export const days = sumdial.table(
  'days',
  {
    key: key('key').notNull(),
    day: date('day').notNull(),
    ...cellColumns(),
  },
  (t) => [
    primaryKey({ columns: [t.key, t.day] }),
    // Some days of all keys, or of a prefix.
    index('days_day_key').on(t.day, t.key),
  ],
)

/** One row per slice and UTC day, made from that day's rows in `slices`. */
export const sliceDays = sumdial.table(
  'slice_days',
  {
    key: key('key').notNull(),
    day: date('day').notNull(),
    labels: jsonb('labels').notNull(),
    ...cellColumns(),
  },
  (t) => [
    primaryKey({ columns: [t.key, t.day, t.labels] }),
    // Some days of all keys of a prefix, by a label.
    index('slice_days_day_key').on(t.day, t.key),
  ],
)

/**
 * One row per UTC day that was rolled up, or that a late batch has changed. [D1]
 *
 * `state` is `stale` (its days differ from its hours), `building`, `partial` (they are equal of keys below `made_below`), `good`
 * (they are equal), or `gone` for ever (its hours are deleted, or about to be, and only its days count). `changed` counts the
 * batches that came late.
 */
export const rollups = sumdial.table('rollups', {
  day: date('day').primaryKey(),
  state: text('state', { enum: ['stale', 'building', 'partial', 'good', 'gone'] }).notNull(),
  changed: bigint('changed', { mode: 'bigint' }).notNull().default(sql`0`),
  changedAt: instant('changed_at'),
  madeAt: instant('made_at'),
  madeBelow: key('made_below'),
})

/** One row per writer: the last batch that Postgres has applied for it, and whether it may apply more. */
export const ledger = sumdial.table('ledger', {
  writer: uuid('writer').primaryKey(),
  shard: text('shard').notNull(),
  seq: bigint('seq', { mode: 'bigint' }).notNull(),
  batch: uuid('batch'),
  sealed: boolean('sealed').notNull().default(false),
  sealedAt: instant('sealed_at'),
  increments: bigint('increments', { mode: 'bigint' }).notNull().default(sql`0`),
  flushedAt: instant('flushed_at'),
})

/** Deploys and when they were: the schedules that a later deploy is checked against. */
export const settings = sumdial.table('settings', {
  name: text('name').primaryKey(),
  value: jsonb('value').notNull(),
  recordedAt: instant('recorded_at').notNull().default(sql`now()`),
})
