import type { RangeName } from '../../model/time/ranges.ts'
import { daysIn, type Period } from '../data/period.ts'

type Words = {
  /** On a button. */
  readonly short: string
  /** As the name of the period. */
  readonly long: string
  /** In a sentence: nothing was counted ... */
  readonly inside: string
  /** The time with which it is compared; empty for everything. */
  readonly before: string
}

export const RANGE_WORDS: Readonly<Record<RangeName, Words>> = {
  '24h': {
    short: '24 h',
    long: 'Last 24 hours',
    inside: 'in the last 24 hours',
    before: 'the 24 hours before',
  },
  '7d': { short: '7 d', long: 'Last 7 days', inside: 'in the last 7 days', before: 'the 7 days before' },
  '30d': { short: '30 d', long: 'Last 30 days', inside: 'in the last 30 days', before: 'the 30 days before' },
  '12mo': {
    short: '12 mo',
    long: 'Last 12 months',
    inside: 'in the last 12 months',
    before: 'the 12 months before',
  },
  all: { short: 'All', long: 'All time', inside: 'at any time', before: '' },
  today: { short: 'Today', long: 'Today', inside: 'today', before: 'yesterday by this hour' },
  yesterday: { short: 'Yesterday', long: 'Yesterday', inside: 'yesterday', before: 'the day before' },
  'this-month': {
    short: 'This month',
    long: 'This month',
    inside: 'this month',
    before: 'last month by this day and hour',
  },
  'last-month': { short: 'Last month', long: 'Last month', inside: 'last month', before: 'the month before' },
}

export function periodWords(period: Period): string {
  if (period.kind === 'named') return RANGE_WORDS[period.range].long.toLowerCase()
  return period.from === period.to ? period.from : `${period.from} to ${period.to}`
}

/** A period, as part of a sentence. */
export function inPeriod(period: Period): string {
  if (period.kind === 'named') return RANGE_WORDS[period.range].inside
  return period.from === period.to ? `on ${period.from}` : `from ${periodWords(period)}`
}

/** The time with which a period is compared: `the 7 days before`. */
export function beforeWords(period: Period): string {
  if (period.kind === 'named') return RANGE_WORDS[period.range].before
  const days = daysIn(period)
  return days === 1 ? 'the day before' : `the ${days} days before`
}
