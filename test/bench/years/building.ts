import { setTimeout as sleep } from 'node:timers/promises'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { addHours } from '../../../src/model/hour.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { median } from '../figures.ts'
import { Batches } from '../flush/batches.ts'
import type { Aim } from '../report.ts'
import type { Progress } from '../scenario.ts'
import { megabytes, number, table } from '../table.ts'
import { makeDays, type Store, sizeOf } from './store.ts'

export type Built = {
  readonly rows: number
  readonly bytes: number
  readonly days: number
  readonly daysBytes: number
  readonly aims: readonly Aim[]
}

/** Makes the days step by step, and flushes meanwhile. */
export async function build(store: Store, progress: Progress): Promise<Built> {
  const alone = await flushTimes(store, (flushes) => flushes < 40)
  let isMaking = true
  const beganMs = performance.now()
  const making = makeDays(store, progress).finally(() => {
    isMaking = false
  })
  const beside = await flushTimes(store, () => isMaking)
  const times = await making
  const yearSeconds = ((performance.now() - beganMs) * 365) / times.length / 1000
  const slower = median(beside) / median(alone)
  return {
    rows: (store.to - store.from) * store.keys,
    bytes: await sizeOf(store, 'counters'),
    days: times.length * store.keys,
    daysBytes: await sizeOf(store, 'days'),
    aims: [
      {
        what: 'a year of days, in steps',
        value: `${yearSeconds.toFixed(0)} s; a day ${median(times).toFixed(0)} ms`,
        wanted: '120 s',
        isReached: yearSeconds <= 120,
      },
      {
        what: 'flushes of 1,000 cells beside it, to flushes alone',
        value: `${slower.toFixed(2)}; ${median(beside).toFixed(0)} to ${median(alone).toFixed(0)} ms`,
        wanted: '1.5',
        isReached: slower <= 1.5,
      },
    ],
  }
}

/** Flushes into the current hour, with pauses, as long as it is wanted. @returns ms of each. */
async function flushTimes(
  { postgres, to }: Store,
  isWanted: (flushes: number) => boolean,
): Promise<number[]> {
  const batches = new Batches()
  const times: number[] = []
  const cells = Array.from(
    { length: 1_000 },
    (_, i): KeyedCell => [`zone/page-${i}`, { sum: 3n, count: 1, min: 3, max: 3 }],
  )
  while (isWanted(times.length)) {
    const sink = createSink(postgres)
    for (const batch of batches.next(cells, addHours(to, -1))) {
      const beganMs = performance.now()
      const outcome = await sink.apply(batch)
      if (outcome.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`)
      times.push(performance.now() - beganMs)
    }
    sink.end()
    await sleep(50)
  }
  return times
}

export function describeStore({ rows, bytes, days, daysBytes }: Built): string {
  return table(
    ['', 'rows', 'with indexes'],
    [
      ['hours', number(rows), megabytes(bytes)],
      ['days', number(days), megabytes(daysBytes)],
    ],
  )
}
