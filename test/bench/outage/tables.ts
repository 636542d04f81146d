import type { PhaseReport } from '../paced/phase.ts'
import { table } from '../table.ts'
import { type Outcome, PHASES } from './run.ts'
import type { Sample } from './sample.ts'

/** The outcome as Markdown: a table of the phases, and one of the rest. */
export function describeOutcome(outcome: Outcome): string {
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
        Object.entries(statuses)
          .map(([status, count]) => `${number(count)} x ${status}`)
          .join(', '),
        number(acknowledged),
        waitMs.median.toFixed(1),
        waitMs.p99.toFixed(1),
        waitMs.longest.toFixed(0),
      ]),
  )
}

function figureTable({ peak, samples, replay, recovery, outageSeconds, audit }: Outcome): string {
  const outage = samples.filter(({ phase }) => phase.startsWith(PHASES.during))
  const { open, frozen, journalBytes, senders, lagMs } = peak.status
  const most = (of: (sample: Sample) => number) =>
    outage.reduce((max, sample) => Math.max(max, of(sample)), 0)
  const rss = most(({ rssBytes }) => rssBytes ?? Number.NaN)
  const before = samples.findLast(({ phase }) => phase === PHASES.before)
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
        `${mb(journalBytes)}; ${mb(most(({ status }) => status.journalBytes))}`,
      ],
      ['journal, one look in each tenth', trail(outage)],
      ['objects on disk, before; most', `${mb(before?.diskBytes ?? 0)}; ${mb(most((s) => s.diskBytes))}`],
      ['resident memory of workerd, before; most', `${mb(before?.rssBytes ?? Number.NaN)}; ${mb(rss)}`],
      ['V8 heap after a replay; with nothing held', `${mb(replay.heapBytes)}; ${mb(replay.emptyHeapBytes)}`],
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

/** Whether the journal stays flat or grows, at a glance. */
function trail(samples: readonly Sample[]): string {
  const steps = Array.from({ length: 10 }, (_, i) => samples[Math.floor(((i + 1) * samples.length) / 10) - 1])
  return `${steps.map((sample) => ((sample?.status.journalBytes ?? 0) / 1e6).toFixed(1)).join(' ')} MB`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function mb(bytes: number): string {
  return Number.isNaN(bytes) ? '-' : `${(bytes / 1e6).toFixed(1)} MB`
}
