import { table } from './table.ts'

/** One line of a table of aims: what was wanted, in words and figures, and whether it is there. */
export type Line = {
  readonly what: string
  /** With its spread, where it has one. */
  readonly value: string
  /** Empty where nothing is aimed at. */
  readonly wanted: string
  readonly isReached: boolean | null
}

export function describeLines(lines: readonly Line[]): string {
  const rows = lines.map(({ what, value, wanted, isReached }) => [
    what,
    value,
    wanted,
    isReached === null ? '' : isReached ? 'yes' : 'no',
  ])
  return table(['aim', 'value (least to most)', 'wanted', 'reached'], rows)
}
