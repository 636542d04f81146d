import type { Aim } from '../report.ts'
import { joinOutcomes, type Outcome, type Progress, type Scenario } from '../scenario.ts'
import { megabytes } from '../table.ts'
import { unexpectedIn } from './audit.ts'
import { describeOutcome } from './describe.ts'
import { HEAP_MIB_MAX, type OutageOutcome, runOutage } from './run.ts'
import type { Sample } from './watch.ts'

const KEYS = 'old keys'
const FULL = 'until full'
const FULL_LONG = 'until full, long keys'

const SHORT_BYTES = 30
const LONG_BYTES = 512

/** Longer than any outage that lasts until ingest answers 503. */
const FULL_MINUTES_MAX = 30

type Name = 'minutes' | 'rate' | 'calm'

export const OUTAGE: Scenario<Name> = {
  name: 'outage',
  shows:
    'A real PostgreSQL goes away under a steady load: ingest before, during and after it, what the shard holds at its ' +
    'peak, how long a restart with kill -9 replays there, how it drains, and whether Postgres then has exactly what was ' +
    `acknowledged. "${KEYS}": 20,000 keys. "${FULL}": each increment has a key of its own of ${SHORT_BYTES} or ` +
    `${LONG_BYTES} bytes, and the outage lasts until ingest first answers 503; V8 may take ${HEAP_MIB_MAX} MiB.`,
  parts: [KEYS, FULL, FULL_LONG],
  quickParts: [KEYS, FULL],
  settings: {
    minutes: { usual: 3, quick: 1, is: `of the outage of "${KEYS}"`, most: 600 },
    rate: { usual: 300, is: 'requests a second', most: 100_000 },
    calm: { usual: 20, quick: 5, is: 'seconds before and after', most: 3_600 },
  },
  async measure({ settings, wants, progress }): Promise<Outcome> {
    const all: Record<string, Outcome> = {}
    for (const part of OUTAGE.parts.filter(wants)) {
      all[part] = await measurePart(part, settings, (text) => progress(`${part}: ${text}`))
    }
    return joinOutcomes(all)
  },
}

async function measurePart(
  part: string,
  { minutes, rate, calm }: Readonly<Record<Name, number>>,
  progress: Progress,
): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  const isUntilFull = part !== KEYS
  const load = isUntilFull ? { items: 10, keys: null } : { items: 1, keys: 20_000 }
  const keyBytes = part === FULL_LONG ? LONG_BYTES : SHORT_BYTES
  const plan = {
    isUntilFull,
    pace: { connections: 64, requestsPerSecond: rate, keyBytes, ...load },
    calmSeconds: calm,
    outageSeconds: (isUntilFull ? FULL_MINUTES_MAX : minutes) * 60,
  }
  const outcome = await runOutage(plan, stack, progress)
  const { load: report, log: _, ...rest } = outcome
  return {
    tables: [`${part}:`, describeOutcome(outcome)],
    aims: isUntilFull ? [heapAim(part, outcome.samples)] : [],
    figures: { ...plan, phases: report.phases, ...rest },
    faults: faultsOf(outcome).map((fault) => `${part}: ${fault}`),
  }
}

function heapAim(part: string, samples: readonly Sample[]): Aim {
  const most = Math.max(...samples.map(({ heapBytes }) => heapBytes ?? Number.NaN))
  const bound = HEAP_MIB_MAX * 2 ** 20
  return {
    what: `${part}: V8 heap, at most`,
    value: megabytes(most),
    wanted: `< ${megabytes(bound)}`,
    isReached: most < bound,
  }
}

function faultsOf({ audit, load, samples, log }: OutageOutcome): string[] {
  const faults = [...audit.faults, ...load.oddities]
  if (samples.some(({ status }) => !status.isConserved)) faults.push("the shard's own audit fails")
  faults.push(...unexpectedIn(log).map((text) => `workerd wrote: ${text.slice(0, 500)}`))
  return faults
}
