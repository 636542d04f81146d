import { withoutLines } from '../../support/log-lines.ts'

/** What workerd has written, of all starts: of a Worker in good order no more than the outage explains. */
export type OutageLog = {
  /** From when Postgres goes away until the backlog is in it. */
  readonly away: string
  /** Before and after. */
  readonly calm: string
}

/** A connection that broke, in workerd's own words. */
const DISCONNECTED = /^workerd\/\S+ info: exception = \S+ disconnected: .*\nstack: .*\n/gm

/** What no outage explains. Refusals for want of room are counted by the load, which looks at each answer. */
export function unexpectedIn({ away, calm }: OutageLog): string[] {
  const isAmbiguous = (line: string) => line.includes("\n  outcome: 'ambiguous',\n")
  const waitedOut = withoutLines(away, ['flush failed', 'seal failed', 'halved'], isAmbiguous)
  const unexplained = waitedOut.replaceAll(DISCONNECTED, '')
  return [unexplained, calm].map((log) => withoutLines(log, ['not all counted'])).filter((log) => log !== '')
}
