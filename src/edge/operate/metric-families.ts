import { NOTICE_KINDS, type Notice } from '../../model/deployed/notice.ts'
import type { Hour } from '../../model/hour.ts'
import type { DaysStanding } from '../../model/rollups/rollups.ts'
import type { ShardStatus, Tally } from '../../model/status.ts'
import { OUTCOMES } from '../../model/status.ts'
import type { Disagreement } from './audit.ts'

/** One sample of a family. Each label has few values, whatever is counted. */
type Sample = { readonly labels?: Readonly<Record<string, string>>; readonly value: number }

/** The samples of one metric. It is announced even without any. */
export type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly Sample[]
}

/** The result of a scrape. */
export type Scrape = {
  readonly asked: number
  readonly answered: readonly ShardStatus[]
  /** The recent hours whose shards have all answered. Only these have counters. */
  readonly whole: readonly WholeHour[]
  readonly notices: readonly Notice[]
  /**
   * How many shards do not agree with the ledger, by each reason; null when it was not asked. A shard that did not answer
   * both times cannot be compared, which is no disagreement.
   */
  readonly disagreeing: readonly { readonly reason: Disagreement; readonly shards: number }[] | null
  /** How far days are made; null when Postgres was not asked. */
  readonly days: DaysStanding | null
}

export type WholeHour = { readonly hour: Hour; readonly shards: readonly ShardStatus[] }

/**
 * Makes every metric.
 *
 * **Why the counters have the hour of the day as a label.** A shard's totals exist as long as its hour is asked about.
 * A plain sum over the recent hours would fall at each turn of the hour, when the shards of the oldest hour leave it;
 * Prometheus takes a fall for a restart and counts the whole new sum once more. So each hour has its own series. They
 * begin at 0 (shards are asked from five minutes before their hour begins), only ever rise, and are gone two hours
 * later. With the name of the hour as label there would be new series for ever; the hour of the day makes 24, and each
 * begins anew at 0 a day later, which looks like a restart. `sum(rate(x[5m]))` over the label is right at all times.
 *
 * For the same reason a scrape leaves out an hour in which a shard did not answer, or has a version that does not know
 * the total: Prometheus bridges a gap, and would take a smaller sum for a restart. And shards store what they count of
 * their flushes together with each flush (model/status.ts), because an object is evicted many times an hour.
 *
 * Tried and dropped: a series for each shard (also bounded, but 256 times as many), sums in isolates (a scrape meets
 * one of many, and they are gone in minutes), and an object that adds up for ever (a row written for each flush).
 */
export function metricFamilies(seen: Scrape): Family[] {
  return [...counters(seen), ...holdings(seen), ...health(seen), ...made(seen)]
}

function counters({ whole }: Scrape): Family[] {
  return [
    counter(
      'sumdial_accepted_increments_total',
      'Increments acknowledged, of the recent hours by the hour of the day.',
      perHour(whole, ({ accepted }) => accepted),
    ),
    counter(
      'sumdial_settled_increments_total',
      'Of the accepted increments, those that Postgres has confirmed.',
      perHour(whole, ({ settled }) => settled),
    ),
    counter(
      'sumdial_discarded_increments_total',
      'Of the accepted increments, those that were parked and given up.',
      perHour(whole, ({ discarded }) => discarded),
    ),
    counter(
      'sumdial_flush_batches_total',
      'Batches sent to Postgres, by what came of them; all but applied are failures.',
      OUTCOMES.flatMap((outcome) =>
        perHour(
          whole,
          ofTally((tally) => tally[outcome]),
        ).map(({ labels, value }) => ({
          labels: { ...labels, outcome },
          value,
        })),
      ),
    ),
    counter(
      'sumdial_flush_seconds_total',
      'Time from the sending of these batches to their outcome.',
      perHour(
        whole,
        ofTally(({ sentMs }) => sentMs),
      ).map(inSeconds),
    ),
    counter(
      'sumdial_writer_moves_total',
      'Moves to another writer: for a refused cell, for a batch that is too large, or after storage was rewound.',
      perHour(
        whole,
        ofTally(({ moves }) => moves),
      ),
    ),
  ]
}

function holdings({ answered }: Scrape): Family[] {
  const held = (name: string, help: string, of: (shard: ShardStatus) => number) =>
    gauge(name, help, answered.length === 0 ? [] : [sumOf(answered, of)])
  return [
    held('sumdial_open_cells', 'Cells journaled and not yet frozen.', ({ open }) => open.cells),
    held('sumdial_open_increments', 'Increments in the open cells.', ({ open }) => open.increments),
    held('sumdial_frozen_batches', 'Batches that wait for Postgres.', ({ frozen }) => frozen.batches),
    held('sumdial_frozen_cells', 'Cells in the frozen batches.', ({ frozen }) => frozen.cells),
    held('sumdial_frozen_increments', 'Increments in the frozen batches.', ({ frozen }) => frozen.increments),
    held(
      'sumdial_parked_cells',
      'Cells that Postgres refused for their own sake.',
      ({ parked }) => parked.cells,
    ),
    held('sumdial_parked_increments', 'Increments in the parked cells.', ({ parked }) => parked.increments),
    held('sumdial_journal_bytes', 'Bytes of the journals.', ({ journalBytes }) => journalBytes),
    held('sumdial_ids', 'Ids and Idempotency-Keys remembered.', ({ ids }) => ids),
    held('sumdial_senders', 'Isolates remembered.', ({ senders }) => senders),
  ]
}

function health({ asked, answered, notices, disagreeing }: Scrape): Family[] {
  const worst = (of: (shard: ShardStatus) => number) =>
    answered.length === 0 ? [] : [Math.max(...answered.map(of))]
  return [
    gauge(
      'sumdial_lag_seconds',
      'Age of the oldest increment that Postgres may not have and that is not parked.',
      worst(({ lagMs }) => lagMs / 1000),
    ),
    gauge(
      'sumdial_held_ratio',
      'Of the fullest isolate of shards, how much of what it may hold is held; at 1 increments are answered 503.',
      worst(({ heldRatio }) => heldRatio ?? 0),
    ),
    {
      name: 'sumdial_failing_shards',
      type: 'gauge',
      help: 'Shards whose last batch has failed, by its outcome.',
      samples: OUTCOMES.filter((outcome) => outcome !== 'applied').map((outcome) => ({
        labels: { outcome },
        value: answered.filter(({ fault }) => fault?.kind === outcome).length,
      })),
    },
    gauge(
      'sumdial_conserved',
      'Whether accepted = settled + frozen + open + parked + discarded in every shard that answered.',
      answered.length === 0 ? [] : [Number(answered.every(({ isConserved }) => isConserved))],
    ),
    {
      name: 'sumdial_notices',
      type: 'gauge',
      help: 'Things that only a person can mend, by kind.',
      samples: NOTICE_KINDS.filter((kind) => kind === 'database' || answered.length > 0).map((kind) => ({
        labels: { kind },
        value: notices.filter((notice) => notice.kind === kind).length,
      })),
    },
    gauge('sumdial_asked_shards', 'Shards that this scrape has asked.', [asked]),
    gauge('sumdial_unanswered_shards', 'Of the asked shards, those that did not answer.', [
      asked - answered.length,
    ]),
    gauge(
      'sumdial_ledger_agrees',
      "With ledger=1: whether Postgres's ledger has what every shard says it has.",
      disagreeing === null ? [] : [Number(disagreeing.every(({ shards }) => shards === 0))],
    ),
    {
      name: 'sumdial_ledger_disagreeing_shards',
      type: 'gauge',
      help:
        'With ledger=1: shards that do not agree with the ledger, by the reason: other_writers (another Worker counts into ' +
        'this database), ledger_behind (Postgres was put back), ledger_ahead (a shard was put back).',
      samples: (disagreeing ?? []).map(({ reason, shards }) => ({ labels: { reason }, value: shards })),
    },
  ]
}

function made({ days }: Scrape): Family[] {
  const through = days?.through ?? null
  return [
    gauge(
      'sumdial_days_through_timestamp_seconds',
      'With days=1: when the last day began up to which every day is made from its hours.',
      through === null ? [] : [Date.parse(through) / 1000],
    ),
    gauge(
      'sumdial_stale_days',
      'With days=1: days that late increments have changed, and that are to be made.',
      days === null ? [] : [days.stale],
    ),
  ]
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples }
}

function gauge(name: string, help: string, values: readonly number[]): Family {
  return { name, type: 'gauge', help, samples: values.map((value) => ({ value })) }
}

/** One sample for each hour whose shards all know the total. */
function perHour(
  whole: readonly WholeHour[],
  of: (shard: ShardStatus) => number | undefined,
): { readonly labels: { readonly hour: string }; readonly value: number }[] {
  return whole.flatMap(({ hour, shards }) => {
    const values = shards.map(of)
    if (!values.every((value) => value !== undefined)) return []
    const value = values.reduce((sum, each) => sum + each, 0)
    return [{ labels: { hour: String(hour % 24).padStart(2, '0') }, value }]
  })
}

function ofTally(of: (tally: Tally) => number) {
  return ({ tally }: ShardStatus): number | undefined => (tally === undefined ? undefined : of(tally))
}

function inSeconds<S extends Sample>(sample: S): S {
  return { ...sample, value: sample.value / 1000 }
}

function sumOf(shards: readonly ShardStatus[], of: (shard: ShardStatus) => number): number {
  return shards.reduce((sum, shard) => sum + of(shard), 0)
}
