import { median } from '../figures.ts'
import { table } from '../table.ts'
import type { Sample, Soak } from './run.ts'

/** Memory of one minute, in bytes. */
type Minute = {
  readonly minute: number
  /** Median. */
  readonly rss: number
  /** The least, which is what a collection leaves, and the most. */
  readonly heapLeast: number
  readonly heapMost: number
}

/** Minute by minute, and how much the memory grows by the hour. */
export function describeSoak({ load, samples, audit }: Soak): string {
  const minutes = minutesOf(samples)
  const rows = minutes.map(({ minute, rss, heapLeast, heapMost }) => {
    const phase = load.phases[minute]
    return [
      phase?.phase ?? '',
      (phase?.requests ?? 0).toLocaleString('en'),
      Object.entries(phase?.statuses ?? {})
        .map(([status, count]) => `${count.toLocaleString('en')} x ${status}`)
        .join(', '),
      (phase?.waitMs.median ?? Number.NaN).toFixed(1),
      (phase?.waitMs.p99 ?? Number.NaN).toFixed(1),
      (phase?.waitMs.longest ?? Number.NaN).toFixed(0),
      mb(rss),
      `${mb(heapLeast)} to ${mb(heapMost)}`,
    ]
  })
  const head = [
    'minute',
    'requests',
    'answers',
    'median ms',
    'p99 ms',
    'longest ms',
    'resident MB',
    'V8 heap MB',
  ]
  // A process that starts fills its caches for some minutes: a leak would go on after that.
  const later = minutes.slice(Math.ceil(minutes.length / 2))
  const { acknowledged, inPostgres, keys } = audit
  return [
    table(head, rows),
    `in the second half resident memory grows by ${perHour(later.map(({ rss }) => rss))} MB an hour, and the heap that a collection leaves by ${perHour(later.map(({ heapLeast }) => heapLeast))} MB`,
    `${acknowledged.toLocaleString('en')} acknowledged, ${inPostgres.toLocaleString('en')} in Postgres, of ${keys.toLocaleString('en')} keys`,
  ].join('\n\n')
}

function minutesOf(samples: readonly Sample[]): Minute[] {
  return [...Map.groupBy(samples, ({ minute }) => minute)].map(([minute, own]) => ({
    minute,
    rss: median(own.map(({ rssBytes }) => rssBytes ?? Number.NaN)),
    heapLeast: Math.min(...own.map(({ heapBytes }) => heapBytes)),
    heapMost: Math.max(...own.map(({ heapBytes }) => heapBytes)),
  }))
}

/** Of the straight line through them that is nearest (least squares). */
function perHour(byMinute: readonly number[]): string {
  const middle = (byMinute.length - 1) / 2
  const mean = byMinute.reduce((sum, value) => sum + value, 0) / byMinute.length
  const rise = byMinute.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0)
  const run = byMinute.reduce((sum, _, i) => sum + (i - middle) ** 2, 0)
  return mb((rise / run) * 60)
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
