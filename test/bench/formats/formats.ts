import { bundle } from '../../support/bundled.ts'
import { settledStatus } from '../../support/status.ts'
import { describeRatio, ratioOf, summarise } from '../figures.ts'
import type { Aim } from '../report.ts'
import { inTurn, type RoundsPlan, type RoundTurn, takeTurn } from '../rounds.ts'
import type { Progress, Scenario } from '../scenario.ts'
import { startStand, startWorker } from '../stand.ts'
import { number, table } from '../table.ts'
import { FORMATS, INCREMENTS, OTLP_PROTOBUF, POINTS, RECORDS } from './bodies.ts'

const CONNECTIONS = 16

const NAME = 'Sumdial'

/** Points a second that OTLP in protobuf should reach on two cores. */
const PROTOBUF_MIN = 300_000

/** Records a second, to increments a second in arrays. */
const RECORDS_MIN = 0.5

export const FORMATS_SCENARIO: Scenario<'rounds' | 'seconds'> = {
  name: 'formats',
  shows:
    'Foreign formats beside arrays of POST /increment, all with 1,000 increments a request and the same keys: increments a ' +
    'second, and processor time of a request.',
  parts: Object.keys(FORMATS),
  settings: {
    rounds: { usual: 5, quick: 2, is: 'rounds, in each of which every format has a turn' },
    seconds: { usual: 2, quick: 1, is: 'length of a turn', most: 3_600 },
  },
  async measure({ settings, wants, isQuick, progress }) {
    await using stack = new AsyncDisposableStack()
    const stand = await startStand(stack)
    const served = await startWorker(stack, (await stand.database()).endpoint, { script: await bundle() })
    const formats = Object.keys(FORMATS).filter((name) => name === INCREMENTS || wants(name))
    const plan = { ...settings, warmUpSeconds: isQuick ? 1 : 2 }
    const turns = await runTurns(served, formats, plan, progress)
    const { accepted, isConserved } = await settledStatus(served.url)
    const acknowledged = turns.reduce((sum, turn) => sum + turn.acknowledged, 0)
    return {
      tables: [describeFormats(turns)],
      aims: aimsOf(turns),
      figures: turns,
      faults: [
        ...(isConserved ? [] : ["the shards' own audit fails"]),
        ...(accepted < acknowledged ? [`${acknowledged} acknowledged, ${accepted} counted`] : []),
        ...turns.flatMap(({ errors, workload }) => (errors === 0 ? [] : [`${workload}: ${errors} errors`])),
      ],
    }
  },
}

async function runTurns(
  served: { readonly urls: readonly string[]; readonly pid: number },
  formats: readonly string[],
  { rounds, seconds, warmUpSeconds }: RoundsPlan,
  progress: Progress,
): Promise<RoundTurn[]> {
  const runner = { ...served, name: NAME }
  const turn = (format: string, round: number, length: number) => {
    const workload = { name: format, connections: CONNECTIONS, items: POINTS, keys: 1, ids: false, format }
    return takeTurn(workload, runner, { round, seconds: length })
  }
  for (const format of formats) await turn(format, 0, warmUpSeconds)
  const turns: RoundTurn[] = []
  for (let round = 1; round <= rounds; round++) {
    for (const format of inTurn(formats, round - 1)) {
      const taken = await turn(format, round, seconds)
      progress(`round ${round}/${rounds}, ${format}: ${number(taken.perSecond)}/s`)
      turns.push(taken)
    }
  }
  return turns
}

function describeFormats(turns: readonly RoundTurn[]): string {
  const rows = summarise(turns, NAME).map(({ workload, perSecond, cpuMicros, latencyMs }) => [
    workload,
    number(perSecond),
    describeRatio(ratioOf(turns, { workload, contender: NAME }, { workload: INCREMENTS, contender: NAME })),
    cpuMicros === null ? '-' : number(cpuMicros),
    cpuMicros === null ? '-' : (cpuMicros / POINTS).toFixed(2),
    `${latencyMs.p50} / ${latencyMs.p99}`,
  ])
  return table(
    ['format', 'increments/s', 'to increments', 'CPU us a request', 'us an increment', 'p50 / p99 ms'],
    rows,
  )
}

function aimsOf(turns: readonly RoundTurn[]): Aim[] {
  const protobuf = summarise(turns, NAME).filter(({ workload }) => workload === OTLP_PROTOBUF)
  const records = ratioOf(
    turns,
    { workload: RECORDS, contender: NAME },
    { workload: INCREMENTS, contender: NAME },
  )
  return [
    ...protobuf.map(({ workload, perSecond }) => ({
      what: `${workload}, a second`,
      value: number(perSecond),
      wanted: `at least ${number(PROTOBUF_MIN)}`,
      isReached: perSecond >= PROTOBUF_MIN,
    })),
    ...(Number.isFinite(records.median)
      ? [
          {
            what: 'records, to arrays of increments',
            value: describeRatio(records),
            wanted: `at least ${RECORDS_MIN}`,
            isReached: records.median >= RECORDS_MIN,
          },
        ]
      : []),
  ]
}
