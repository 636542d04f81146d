import type { PhaseReport } from '../paced/phase.ts'
import { describeStatuses, megabytes, number, table } from '../table.ts'
import { type OutageOutcome, PHASES } from './run.ts'
import type { Sample } from './watch.ts'

/** An outage as Markdown: a table of its phases, and one of the rest. */
export function describeOutcome(outcome: OutageOutcome): string {
  return `${phaseTable(outcome.load.phases)}\n\n${figureTable(outcome)}`
}

function phaseTable(phases: readonly PhaseReport[]): string {
  return table(
    ['phase', 's', 'requests', 'answers', 'acknowledged', 'median ms', 'p99 ms', 'longest ms'],
    phases
      .filter(({ phase }) => phase !== PHASES.warmUp)
      .map(({ phase, seconds, requests, statuses, acknowledged, waitMs }) => [
        phase,
        seconds.toFixed(0),
        number(requests),
        describeStatuses(statuses),
        number(acknowledged),
        waitMs.median.toFixed(1),
        waitMs.p99.toFixed(1),
        waitMs.longest.toFixed(0),
      ]),
  )
}

function figureTable({ peak, samples, replay, recovery, outageSeconds, audit }: OutageOutcome): string {
  const outage = samples.filter(({ phase }) => phase.startsWith(PHASES.during))
  const before = samples.filter(({ phase }) => phase === PHASES.before)
  const returned = samples.filter(({ phase }) => phase === PHASES.draining || phase === PHASES.after)
  const { open, frozen, journalBytes, senders, lagMs } = peak.status
  return table(
    ['', ''],
    [
      [
        'outage',
        `${outageSeconds} s; the oldest increment waited ${(lagMs / 1000).toFixed(0)} s at its peak`,
      ],
      ['held at the peak', `${number(open.cells)} open and ${number(frozen.cells)} frozen cells`],
      ['increments in them', number(open.increments + frozen.increments)],
      ['senders remembered', number(senders)],
      [
        'journal at the peak; longest',
        `${megabytes(journalBytes)}; ${most(outage, ({ status }) => status.journalBytes)}`,
      ],
      ['journal, one look in each tenth', trail(outage)],
      ['objects on disk, most before; during', pair(before, outage, ({ diskBytes }) => diskBytes)],
      [
        'resident memory of workerd, most before; during',
        pair(before, outage, ({ rssBytes }) => rssBytes ?? Number.NaN),
      ],
      [
        'V8 heap, most before; during; after the return',
        [before, outage, returned]
          .map((all) => most(all, ({ heapBytes }) => heapBytes ?? Number.NaN))
          .join('; '),
      ],
      [
        'V8 heap after a replay; with nothing held',
        `${megabytes(replay.heapBytes)}; ${megabytes(replay.emptyHeapBytes)}`,
      ],
      [
        'start after a kill -9 to the first answer; with nothing held',
        `${replay.answeredMs} ms; ${replay.emptyMs} ms`,
      ],
      ['waiting when Postgres returns', `${number(recovery.backlog)} increments`],
      ['from the return to the first batch', `${recovery.firstSettledSeconds.toFixed(1)} s`],
      ['from the return to the last of the backlog', `${recovery.drainedSeconds.toFixed(1)} s`],
      [
        'acknowledged; in Postgres',
        `${number(audit.acknowledged)}; ${number(audit.inPostgres)}, of ${number(audit.keys)} keys`,
      ],
    ],
  )
}

function most(samples: readonly Sample[], of: (sample: Sample) => number): string {
  return megabytes(Math.max(...samples.map(of)))
}

function pair(before: readonly Sample[], during: readonly Sample[], of: (sample: Sample) => number): string {
  return `${most(before, of)}; ${most(during, of)}`
}

/** Shows at a glance whether the journal stays flat or grows. */
function trail(samples: readonly Sample[]): string {
  const every = Math.max(1, Math.floor(samples.length / 10))
  const looks = samples.filter((_, i) => i % every === every - 1)
  return `${looks.map(({ status }) => (status.journalBytes / 1e6).toFixed(1)).join(' ')} MB`
}
