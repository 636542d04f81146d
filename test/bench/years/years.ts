import { must } from '../../../src/model/assert.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { TooSlow } from '../../../src/model/read.ts'
import { NotAnswered } from '../../../src/postgres/execute.ts'
import { neonAt } from '../../support/postgres-at.ts'
import { describeRatio, median, type Ratio, spread } from '../figures.ts'
import { type Explained, explain } from '../reads/explain.ts'
import type { Aim } from '../report.ts'
import type { Ask, Outcome, Progress, Scenario } from '../scenario.ts'
import { recorder, type Stand, startStand } from '../stand.ts'
import { number, table } from '../table.ts'
import { build, describeStore } from './building.ts'
import { QUESTIONS, type Question } from './questions.ts'
import { fillStore, makeDaysAtOnce, type Store } from './store.ts'

const [MORE_KEYS, MORE_YEARS] = ['three times the keys', 'three times the years'] as const

/** Each has a table of its own: 30 million rows and 10 GB on disk at the usual settings. */
const LARGER: readonly string[] = [MORE_KEYS, MORE_YEARS]

type Name = 'keys' | 'months' | 'rounds' | 'larger'

export const YEARS: Scenario<Name> = {
  name: 'years',
  shows:
    'Reads of months and years over a table in which each key has a row in each hour: as the Worker answers them, from days, ' +
    'beside plain SQL over hours in the same rounds. Before that, how long the days take to make, with flushes beside. A fault: ' +
    'a read that takes longer than a reader waits.',
  parts: [...QUESTIONS.map(({ name }) => name), ...LARGER],
  settings: {
    keys: { usual: 1_000, quick: 40, is: 'keys' },
    months: { usual: 14, quick: 13, least: 13, is: 'months of 30 days, up to now' },
    rounds: { usual: 5, quick: 2, is: 'runs of each read, of which the median is shown' },
    larger: { usual: 0, least: 0, most: 1, is: `1 also fills "${MORE_KEYS}" and "${MORE_YEARS}"` },
  },
  async measure(ask): Promise<Outcome> {
    await using stack = new AsyncDisposableStack()
    const stand = await startStand(stack)
    const store = await startStore(stack, stand, { name: 'as it is', ...ask.settings }, ask.progress)
    const built = await build(store, ask.progress)
    const figures = await compare(store, ask)
    const larger: Figures[] = []
    for (const name of LARGER.filter((part) => ask.settings.larger === 1 && ask.wants(part))) {
      larger.push(...(await measureLarger(stand, name, ask)))
    }
    const all = [...figures, ...larger]
    return {
      tables: [describeStore(built), describe(all)],
      aims: [...built.aims, ...figures.map(aimOf), ...larger.flatMap((each) => growthOf(each, figures))],
      figures: { built, all },
      faults: all.flatMap(({ name, store: own, tcpMs }) =>
        tcpMs === null ? [`${name}, ${own}: took longer than a reader waits`] : [],
      ),
    }
  },
}

/** A table, and the statement that was last sent through its endpoint. */
type Asked = Store & Pick<ReturnType<typeof recorder>, 'last'>

type Sized = { readonly name: string; readonly keys: number; readonly months: number }

async function startStore(
  stack: AsyncDisposableStack,
  stand: Stand,
  { name, keys, months }: Sized,
  progress: Progress,
): Promise<Asked> {
  const { around, last } = recorder()
  const to = addHours(hourOf(Date.now()), 1)
  const sized = { name, keys, from: addHours(to, -months * 30 * 24), to }
  return { ...(await fillStore(stack, await stand.database({ around }), sized, progress)), last }
}

async function measureLarger(stand: Stand, name: string, ask: Ask<Name>): Promise<Figures[]> {
  await using stack = new AsyncDisposableStack()
  const { keys, months } = ask.settings
  const sized = name === MORE_KEYS ? { name, keys: 3 * keys, months } : { name, keys, months: 3 * months }
  const store = await startStore(stack, stand, sized, ask.progress)
  await makeDaysAtOnce(store)
  const figures = await compare(store, ask)
  // The next one needs its room on disk.
  await store.client.query('truncate sumdial.counters, sumdial.days')
  return figures
}

type Figures = Pick<Question, 'name' | 'aimMs' | 'isOfAllTime'> & {
  readonly store: string
  /** Medians of the whole read over TCP, through the Neon endpoint, and of plain SQL over hours. Null when it took too long. */
  readonly tcpMs: number | null
  readonly endpointMs: number | null
  readonly plainMs: number
  /** Of plain SQL to the whole read over TCP. */
  readonly ratio: Ratio
  readonly explained: Explained
}

async function compare(store: Asked, { wants, settings, progress }: Ask<Name>): Promise<Figures[]> {
  const overEndpoint = neonAt(store.endpoint)
  const figures: Figures[] = []
  for (const question of QUESTIONS.filter(
    ({ name, hours }) => wants(name) && hours <= store.to - store.from,
  )) {
    const [tcp, endpoint, plain]: [(number | null)[], (number | null)[], number[]] = [[], [], []]
    const { text, params } = question.sql(store)
    for (let round = 0; round < settings.rounds; round++) {
      endpoint.push(await timed(() => question.ask(overEndpoint, store)))
      tcp.push(await timed(() => question.ask(store.postgres, store)))
      plain.push(
        must(
          (await timed(() => store.client.query(text, [...params]))) ?? undefined,
          'the time of plain SQL',
        ),
      )
    }
    const { name, aimMs, isOfAllTime } = question
    figures.push({
      name,
      aimMs,
      ...(isOfAllTime === true && { isOfAllTime }),
      store: store.name,
      tcpMs: medianOf(tcp),
      endpointMs: medianOf(endpoint),
      plainMs: median(plain),
      ratio: spread(plain.map((ms, i) => ms / (tcp[i] ?? Number.NaN))),
      explained: await explain(store.client, store.last()),
    })
    progress(`${store.name}: ${name}`)
  }
  return figures
}

/** Null when it was too slow. */
async function timed(work: () => Promise<unknown>): Promise<number | null> {
  const beganMs = performance.now()
  try {
    await work()
  } catch (error) {
    // On a busy machine the small statement after a slow one is late as well.
    if (error instanceof TooSlow || (error instanceof NotAnswered && error.isTimeout)) return null
    throw error
  }
  return performance.now() - beganMs
}

function medianOf(times: readonly (number | null)[]): number | null {
  const all = times.flatMap((ms) => ms ?? [])
  return all.length < times.length ? null : median(all)
}

function aimOf({ name, aimMs, tcpMs }: Figures): Aim {
  const value = tcpMs === null ? 'too slow' : `${tcpMs.toFixed(0)} ms`
  return { what: name, value, wanted: `${aimMs} ms`, isReached: tcpMs !== null && tcpMs <= aimMs }
}

/** A larger table beside the first: at most three times the time for three times the keys, and the same for more years. */
function growthOf({ name, store, tcpMs, isOfAllTime }: Figures, figures: readonly Figures[]): Aim[] {
  const before = figures.find((one) => one.name === name)?.tcpMs
  if (before === undefined || before === null || (isOfAllTime === true && store === MORE_YEARS)) return []
  const growth = (tcpMs ?? Number.NaN) / before
  // With more years the range is the same, and other work on the machine is not.
  const most = store === MORE_KEYS ? 3 : 1.3
  return [
    { what: `${name}, ${store}`, value: growth.toFixed(2), wanted: String(most), isReached: growth <= most },
  ]
}

function describe(figures: readonly Figures[]): string {
  const ms = (value: number | null) => (value === null ? 'too slow' : value.toFixed(1))
  const head = [
    'read',
    'table',
    'whole read, TCP, ms',
    'Neon endpoint, ms',
    'plain SQL over hours, ms',
    'times faster',
    'by',
    'rows read',
    "planner's cost",
  ]
  return table(
    head,
    figures.map((f) => [
      f.name,
      f.store,
      ms(f.tcpMs),
      ms(f.endpointMs),
      ms(f.plainMs),
      describeRatio(f.ratio),
      f.explained.scans.join(', '),
      number(f.explained.rows),
      number(f.explained.cost),
    ]),
  )
}
