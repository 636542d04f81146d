import { must } from '../../../src/model/assert.ts'
import { settledStatus } from '../../support/status.ts'
import { describeFigures, summarise } from '../figures.ts'
import { type RoundsPlan, type RoundTurn, runRounds } from '../rounds.ts'
import { type Ask, joinOutcomes, type Outcome, type Scenario } from '../scenario.ts'
import { startStand } from '../stand.ts'
import { table } from '../table.ts'
import { ratioAims } from './aims.ts'
import { type Contender, logged, startContenders } from './contenders.ts'
import { countDistinct, DISTINCT } from './distinct.ts'
import { describeHalfLoad, HALF_LOAD, type HalfTurn, halfLoadAims, runHalfLoad } from './half-load.ts'
import { READERS, startReaders } from './readers.ts'
import { countRows, ROWS } from './rows.ts'
import { BASELINE, READS, takesPart, WORKLOADS } from './workloads.ts'

const { single256, hot, array1000 } = WORKLOADS

export const COUNTING: Scenario<'rounds' | 'seconds'> = {
  name: 'counting',
  shows:
    'POST /increment beside a ceiling that keeps nothing and beside what people write instead, in rounds that take turns; ' +
    'latency at half load; GET /counters beside the same SQL; a million distinct keys; the rows that shards write.',
  parts: [...Object.values(WORKLOADS).map(({ name }) => name), HALF_LOAD, READS.name, DISTINCT, ROWS],
  quickParts: [single256.name, hot.name, array1000.name, HALF_LOAD, READS.name],
  settings: {
    rounds: { usual: 5, quick: 2, is: 'rounds, in each of which every contender has a turn' },
    seconds: { usual: 2, quick: 1, is: 'length of a turn', most: 3_600 },
  },
  async measure(ask) {
    const plan = { ...ask.settings, warmUpSeconds: ask.isQuick ? 1 : 2 }
    return joinOutcomes({
      counting: await measureCounting(ask, plan),
      ...(ask.wants(READS.name) && { reading: await measureReading(ask, plan) }),
      ...(ask.wants(DISTINCT) && { distinct: await measureDistinct(ask) }),
      ...(ask.wants(ROWS) && { rows: await measureRows(ask, plan) }),
    })
  },
}

/** Those that count, and their latency at half of the rates that the turns have shown. */
async function measureCounting({ wants, progress }: Ask, plan: RoundsPlan): Promise<Outcome> {
  const needed = (name: string) => wants(name) || (wants(HALF_LOAD) && name === single256.name)
  const workloads = Object.values(WORKLOADS).filter(({ name }) => needed(name))
  if (workloads.length === 0) return { tables: [], aims: [], figures: {}, faults: [] }
  await using stack = new AsyncDisposableStack()
  const isWanted = (name: string) => workloads.some((workload) => takesPart(workload, name))
  const contenders = await startContenders(await startStand(stack), stack, isWanted)
  const turns: RoundTurn[] = []
  for (const workload of workloads) {
    const takers = contenders.filter(({ name }) => takesPart(workload, name))
    turns.push(...(await runRounds(workload, takers, plan, progress)))
  }
  const figures = summarise(turns, BASELINE)
  const halfLoad = wants(HALF_LOAD) ? await runHalfLoad(contenders, figures, plan, progress) : []
  const audits = await Promise.all(contenders.map((each) => audit(each, turns, halfLoad)))
  return {
    tables: [
      describePromises(contenders),
      describeFigures(figures, 'increments', BASELINE),
      ...(halfLoad.length === 0 ? [] : [describeHalfLoad(halfLoad)]),
    ],
    aims: [...ratioAims(turns), ...halfLoadAims(halfLoad)],
    figures: { turns, figures, halfLoad },
    faults: [...audits.flat(), ...faultsOf(turns), ...halfLoad.flatMap((turn) => turn.faults)],
    bars: figures,
  }
}

async function measureReading({ progress }: Ask, plan: RoundsPlan): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  const contenders = await startReaders(await startStand(stack), stack)
  const turns = await runRounds(READS, contenders, plan, progress)
  const figures = summarise(turns, READERS.sql)
  return {
    tables: [describePromises(contenders), describeFigures(figures, 'reads', READERS.sql)],
    aims: ratioAims(turns),
    figures: { turns, figures },
    // Two of the readers are one Worker, so its log is looked at twice.
    faults: [...new Set(contenders.flatMap(logged)), ...faultsOf(turns)],
    bars: figures,
  }
}

async function measureDistinct({ progress }: Ask): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  progress(DISTINCT)
  return await countDistinct(await startStand(stack), stack)
}

async function measureRows({ progress }: Ask, { seconds }: RoundsPlan): Promise<Outcome> {
  await using stack = new AsyncDisposableStack()
  return await countRows(await startStand(stack), stack, seconds, progress)
}

function describePromises(contenders: readonly Contender[]): string {
  return table(
    ['contender', 'what it promises'],
    contenders.map(({ name, promise }) => [name, promise]),
  )
}

function faultsOf(turns: readonly RoundTurn[]): string[] {
  return turns
    .filter(({ errors }) => errors > 0)
    .map((t) => `${t.contender}, ${t.workload}, round ${t.round}: ${t.errors} errors`)
}

/**
 * Compares the increments that the shards have counted with those that were acknowledged to the load. They may have
 * counted more, because the end of a turn cuts off requests that are under way.
 */
async function audit(
  contender: Contender,
  turns: readonly RoundTurn[],
  halfLoad: readonly HalfTurn[],
): Promise<string[]> {
  const { name, urls, isSumdial } = contender
  const faults = logged(contender)
  if (!isSumdial) return faults
  const { accepted, isConserved } = await settledStatus(must(urls[0], 'an address'))
  if (!isConserved) faults.push(`${name}: the shards' own audit fails`)
  const acknowledged = [...turns, ...halfLoad]
    .filter((turn) => turn.contender === name)
    .reduce((sum, turn) => sum + turn.acknowledged, 0)
  if (accepted < acknowledged) faults.push(`${name}: ${acknowledged} acknowledged, ${accepted} counted`)
  return faults
}
