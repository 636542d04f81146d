import { readFileSync } from 'node:fs'
import type { Contender } from './contenders.ts'
import { applyLoad, type Load, type LoadResult } from './load.ts'

/** What is sent: the shape of the requests and how many at a time. */
export type Workload = { readonly name: string } & Pick<Load, 'connections' | 'items' | 'keys' | 'ids'>

/** One contender's turn of one round. */
export type Turn = LoadResult & {
  readonly workload: string
  readonly contender: string
  readonly round: number
  /** Increments, or reads. */
  readonly perSecond: number
  /** Of workerd, in microseconds a request; null where the system does not tell. */
  readonly cpuMicros: number | null
}

export type Plan = { readonly rounds: number; readonly seconds: number; readonly warmUpSeconds: number }

/**
 * Every contender has a turn in each round, so that whatever else the machine does meets them all; who begins
 * changes from round to round. The first turns warm the JIT up and do not count.
 */
export async function runRounds(
  workload: Workload,
  contenders: readonly Contender[],
  plan: Plan,
  progress: (text: string) => void,
): Promise<Turn[]> {
  for (const contender of contenders) {
    progress(`${workload.name}: warming up ${contender.name}`)
    await takeTurn(workload, contender, { round: 0, seconds: plan.warmUpSeconds })
  }
  const turns: Turn[] = []
  for (let round = 1; round <= plan.rounds; round++) {
    for (const contender of inTurn(contenders, round - 1)) {
      const turn = await takeTurn(workload, contender, { round, seconds: plan.seconds })
      const rate = Math.round(turn.perSecond).toLocaleString('en')
      progress(`${workload.name}: round ${round}/${plan.rounds}, ${contender.name}: ${rate}/s`)
      turns.push(turn)
    }
  }
  return turns
}

/** All of them, another first in each round. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

async function takeTurn(
  { name, ...workload }: Workload,
  contender: Contender,
  { round, seconds }: { round: number; seconds: number },
): Promise<Turn> {
  const { urls, pid, read } = contender
  const cpuBefore = cpuSeconds(pid)
  const result = await applyLoad({ ...workload, urls, seconds, ...(read === undefined ? {} : { read }) })
  const cpu = cpuSeconds(pid)
  return {
    ...result,
    workload: name,
    contender: contender.name,
    round,
    perSecond: (result.accepted * workload.items) / result.seconds,
    cpuMicros: cpu === null || cpuBefore === null ? null : ((cpu - cpuBefore) / result.accepted) * 1e6,
  }
}

/** Ticks in a second, in /proc: 100 on every Linux that Node runs on (sysconf CLK_TCK). */
const TICKS = 100

/** User and system time of a process so far. Null where there is no /proc. */
export function cpuSeconds(pid: number): number | null {
  if (process.platform !== 'linux') return null
  // The second field, the command, is in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/\) (?=[A-Z] )/)
  const fields = rest.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}
