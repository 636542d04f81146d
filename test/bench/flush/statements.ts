import { bundle } from '../../support/bundled.ts'
import { serve } from '../../support/served.ts'
import { settledStatus } from '../../support/status.ts'
import { applyLoad } from '../load.ts'
import { table } from '../table.ts'
import type { Found, Part } from './part.ts'
import { number } from './part.ts'
import { DATABASE_URL, makeDatabase, type Seen, startServer } from './stand.ts'

type Setting = { readonly shards: number; readonly intervalSeconds: number }

const SETTINGS: readonly Setting[] = [
  { shards: 1, intervalSeconds: 5 },
  { shards: 4, intervalSeconds: 5 },
  { shards: 1, intervalSeconds: 1 },
  { shards: 4, intervalSeconds: 1 },
]

/** Far fewer keys than a flush by size, so that only the interval flushes. */
const LOAD = { connections: 64, items: 1, keys: 1_000, ids: false }

const secondsOf = ({ intervalSeconds }: Setting, isQuick: boolean) =>
  isQuick ? 10 : intervalSeconds === 1 ? 15 : 30

type Figures = Setting & {
  readonly seconds: number
  readonly acknowledged: number
  readonly flushes: number
  /** Statements that are no flush: none are due while an hour is open. */
  readonly others: number
  /** Flushes of one shard in one interval: the most that there were. */
  readonly most: number
}

/**
 * Flushes of one shard within one interval. An alarm rings at the interval's multiples, and a little later as the
 * machine is busy: intervals are told apart at their middles, so that no lateness moves a flush to the next one.
 */
function mostInOne(seen: readonly Seen[], intervalMs: number): number {
  const each = Map.groupBy(seen, ({ atMs, shard }) => `${shard} ${Math.floor(atMs / intervalMs + 0.5)}`)
  return Math.max(0, ...each.values().map((flushes) => flushes.length))
}

async function measureOne(
  stack: AsyncDisposableStack,
  parts: { script: string; postgres: Awaited<ReturnType<typeof startServer>> },
  setting: Setting,
  seconds: number,
): Promise<Figures> {
  const { endpoint, seen } = await makeDatabase(stack, parts.postgres)
  const vars = {
    DATABASE_URL,
    NEON_FETCH_ENDPOINT: endpoint,
    DEV_ACCESS: 'open',
    SHARDS: String(setting.shards),
    FLUSH_INTERVAL_SECONDS: String(setting.intervalSeconds),
  }
  const served = await serve({ script: parts.script, vars })
  stack.defer(() => served.stop())
  const { accepted, errors } = await applyLoad({ ...LOAD, urls: served.urls, seconds })
  if (errors > 0) throw new Error(`${errors} requests were not answered 202`)
  const settled = await settledStatus(served.url)
  if (settled.accepted < accepted || !settled.isConserved) throw new Error('an increment is lost')
  await served.stop()
  const flushes = seen.filter(({ shard }) => shard !== undefined)
  return {
    ...setting,
    seconds,
    acknowledged: accepted,
    flushes: flushes.length,
    others: seen.length - flushes.length,
    most: mostInOne(flushes, setting.intervalSeconds * 1000),
  }
}

function describe(figures: readonly Figures[]): string {
  const rows = figures.map((f) => [
    String(f.shards),
    String(f.intervalSeconds),
    String(f.seconds),
    number(f.acknowledged),
    number(f.flushes),
    number(f.others),
    String(f.most),
    number(f.acknowledged / f.flushes),
  ])
  const head = [
    'shards',
    'interval s',
    'load s',
    'increments',
    'flushes',
    'other statements',
    'most of a shard in an interval',
    'increments a statement',
  ]
  return table(head, rows)
}

/** What Postgres is asked while increments come as fast as they can. */
export const STATEMENTS: Part = {
  name: 'statements',
  steps: () => SETTINGS.length,
  async measure(stack, isQuick, progress): Promise<Found> {
    const parts = { script: await bundle(), postgres: await startServer(stack) }
    const figures: Figures[] = []
    for (const setting of SETTINGS) {
      figures.push(await measureOne(stack, parts, setting, secondsOf(setting, isQuick)))
      progress(`statements: ${setting.shards} shards, every ${setting.intervalSeconds} s`)
    }
    const aims = figures.map((f) => ({
      what: `statements of a shard in an interval, ${f.shards} shards, ${f.intervalSeconds} s`,
      value: `${f.most}, and ${f.others} others`,
      wanted: '<= 1',
      isReached: f.most <= 1 && f.others === 0,
    }))
    return { tables: [describe(figures)], aims, figures }
  },
}
