import type { Period, Range } from '../data/period.ts'

export const RANGE_WORDS: Readonly<Record<Range, readonly [short: string, long: string]>> = {
  '24h': ['24 h', 'Last 24 hours'],
  '7d': ['7 d', 'Last 7 days'],
  '30d': ['30 d', 'Last 30 days'],
  '12mo': ['12 mo', 'Last 12 months'],
}

export function periodWords(period: Period): string {
  if (period.kind === 'last') return RANGE_WORDS[period.range][1].toLowerCase()
  return period.from === period.to ? period.from : `${period.from} to ${period.to}`
}

/** A period, as part of a sentence. */
export function inPeriod(period: Period): string {
  if (period.kind === 'last') return `in the ${periodWords(period)}`
  return period.from === period.to ? `on ${period.from}` : `from ${periodWords(period)}`
}
