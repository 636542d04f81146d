import { SingleBar } from 'cli-progress'
import { settledStatus } from '../support/status.ts'
import { startHost } from './contenders/host.ts'
import { READERS, startReaders } from './contenders/readers.ts'
import { type Contender, logged, NAMES, startContenders } from './contenders.ts'
import { countDistinct, DISTINCT, type Distinct } from './distinct.ts'
import { type Figures, summarise } from './figures.ts'
import { HALF_CASES, type HalfTurn, runHalfLoad } from './half-load.ts'
import { type Plan, runRounds, type Turn, type Workload } from './rounds.ts'
import { countRows, ROW_CASES, type Rows } from './rows.ts'
import { BASELINE, READS, takesPart } from './workloads.ts'

/** What is asked for. */
export type Asked = {
  readonly plan: Plan
  /** Of those that count. */
  readonly workloads: readonly Workload[]
  readonly reads: boolean
  /** Needs the rates that saturate, so the workload that tells them. */
  readonly halfLoad: boolean
  readonly distinct: boolean
  readonly rows: boolean
}

export type Measured = {
  readonly contenders: readonly Pick<Contender, 'name' | 'promise'>[]
  readonly turns: readonly Turn[]
  readonly figures: readonly Figures[]
  readonly readTurns: readonly Turn[]
  readonly readFigures: readonly Figures[]
  readonly halfLoad: readonly HalfTurn[]
  readonly distinct: Distinct | null
  readonly rows: readonly Rows[]
  /** What was not as it should be. */
  readonly faults: readonly string[]
}

type Progress = (text: string) => void

/** All that is asked for, one part after the other: who is not in its part does not run. */
export async function measure(asked: Asked): Promise<Measured> {
  const bar = new SingleBar({
    format: '{bar} {percentage} % | {text}',
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
  })
  bar.start(stepsOf(asked), 0, { text: '' })
  const progress: Progress = (text) => bar.increment(1, { text })
  try {
    const counting = await measureCounting(asked, progress)
    const reading = asked.reads ? await measureReading(asked.plan, progress) : NOTHING
    const distinct = asked.distinct ? await measureDistinct(progress) : null
    const rows = asked.rows ? await measureRows(asked.plan, progress) : []
    return {
      ...counting,
      contenders: [...counting.contenders, ...reading.contenders],
      readTurns: reading.turns,
      readFigures: reading.figures,
      distinct,
      rows,
      faults: [...counting.faults, ...reading.faults, ...(distinct?.faults ?? [])],
    }
  } finally {
    bar.stop()
  }
}

type Part = Pick<Measured, 'contenders' | 'turns' | 'figures' | 'faults'>

const NOTHING: Part = { contenders: [], turns: [], figures: [], faults: [] }

function stepsOf({ plan, workloads, reads, halfLoad, distinct, rows }: Asked): number {
  const takersOf = (workload: Workload) => Object.values(NAMES).filter((name) => takesPart(workload, name))
  const writers = workloads.flatMap(takersOf).length
  const readers = reads ? Object.keys(READERS).length : 0
  return (
    (writers + readers) * (plan.rounds + 1) +
    (halfLoad ? HALF_CASES * plan.rounds : 0) +
    (distinct ? 1 : 0) +
    (rows ? ROW_CASES : 0)
  )
}

async function measureCounting(
  { plan, workloads, halfLoad }: Asked,
  progress: Progress,
): Promise<Part & Pick<Measured, 'halfLoad'>> {
  if (workloads.length === 0) return { ...NOTHING, halfLoad: [] }
  await using stack = new AsyncDisposableStack()
  const isWanted = (name: string) => workloads.some((workload) => takesPart(workload, name))
  const contenders = await startContenders(await startHost(stack), stack, isWanted)
  const turns: Turn[] = []
  for (const workload of workloads) {
    const takers = contenders.filter(({ name }) => takesPart(workload, name))
    turns.push(...(await runRounds(workload, takers, plan, progress)))
  }
  const figures = summarise(turns, BASELINE)
  const half = halfLoad ? await runHalfLoad(contenders, figures, plan, progress) : []
  const faults = (await Promise.all(contenders.map((each) => audit(each, turns, half, workloads)))).flat()
  faults.push(...faultsOf(turns), ...half.flatMap((turn) => turn.faults))
  return { contenders, turns, figures, halfLoad: half, faults }
}

async function measureReading(plan: Plan, progress: Progress): Promise<Part> {
  await using stack = new AsyncDisposableStack()
  const contenders = await startReaders(await startHost(stack))
  const turns = await runRounds(READS, contenders, plan, progress)
  const faults = [...new Set(contenders.flatMap(logged)), ...faultsOf(turns)]
  return { contenders, turns, figures: summarise(turns, contenders[0]?.name ?? ''), faults }
}

async function measureDistinct(progress: Progress): Promise<Distinct> {
  await using stack = new AsyncDisposableStack()
  progress(DISTINCT)
  return await countDistinct(await startHost(stack))
}

async function measureRows(plan: Plan, progress: Progress): Promise<Rows[]> {
  await using stack = new AsyncDisposableStack()
  return await countRows(await startHost(stack), plan.seconds, progress)
}

function faultsOf(turns: readonly Turn[]): string[] {
  return turns
    .filter(({ errors }) => errors > 0)
    .map((t) => `${t.contender}, ${t.workload}, round ${t.round}: ${t.errors} errors`)
}

/** What the shards have counted beside what was acknowledged to the load. A cut-off request may count unacknowledged. */
async function audit(
  contender: Contender,
  turns: readonly Turn[],
  halfLoad: readonly HalfTurn[],
  workloads: readonly Workload[],
): Promise<string[]> {
  const { name, urls, isSumdial } = contender
  const faults = logged(contender)
  if (!isSumdial) return faults
  const { accepted, isConserved } = await settledStatus(urls[0] ?? '')
  if (!isConserved) faults.push(`${name}: the shards' own audit fails`)
  const itemsOf = (workload: string) => workloads.find((each) => each.name === workload)?.items ?? 0
  const own = <T extends { contender: string }>(all: readonly T[]) => all.filter((t) => t.contender === name)
  const acknowledged =
    own(turns).reduce((sum, turn) => sum + turn.accepted * itemsOf(turn.workload), 0) +
    own(halfLoad).reduce((sum, turn) => sum + turn.acknowledged, 0)
  if (accepted < acknowledged) faults.push(`${name}: ${acknowledged} acknowledged, ${accepted} counted`)
  return faults
}
