import { applyLoad, type Load, type LoadResult } from './load.ts'
import { cpuSeconds } from './process.ts'

/** The shape of requests, and how many are under way at a time. */
export type Workload = { readonly name: string } & Pick<
  Load,
  'connections' | 'items' | 'keys' | 'ids' | 'format'
>

/** Something that listens and is measured. */
export type Runner = {
  readonly name: string
  /** Where it listens; several addresses when it has several isolates. */
  readonly urls: readonly string[]
  readonly pid: number
  /** The path of a read, with `{key}` in it, when it is read from rather than written to. */
  readonly read?: string
}

/** One contender's turn in one round. */
export type RoundTurn = LoadResult & {
  readonly workload: string
  readonly contender: string
  readonly round: number
  /** Increments, or reads, that were answered as they should be: in all, and a second. */
  readonly acknowledged: number
  readonly perSecond: number
  /** Processor time of the contender's process, in microseconds a request. Null where the system does not tell. */
  readonly cpuMicros: number | null
}

export type RoundsPlan = { readonly rounds: number; readonly seconds: number; readonly warmUpSeconds: number }

/**
 * Gives every contender a turn in each round, so that whatever else the machine does meets them all. Another one begins
 * in each round. The first turns warm the JIT up and do not count.
 */
export async function runRounds(
  workload: Workload,
  contenders: readonly Runner[],
  plan: RoundsPlan,
  progress: (text: string) => void,
): Promise<RoundTurn[]> {
  for (const contender of contenders) {
    progress(`${workload.name}: warming up ${contender.name}`)
    await takeTurn(workload, contender, { round: 0, seconds: plan.warmUpSeconds })
  }
  const turns: RoundTurn[] = []
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

/** All of them, beginning with another one in each round. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

/** One turn of one contender. */
export async function takeTurn(
  { name, ...workload }: Workload,
  { name: contender, urls, pid, read }: Runner,
  { round, seconds }: { round: number; seconds: number },
): Promise<RoundTurn> {
  const cpuBefore = cpuSeconds(pid)
  const result = await applyLoad({ ...workload, urls, seconds, ...(read === undefined ? {} : { read }) })
  const cpu = cpuSeconds(pid)
  const acknowledged = result.accepted * workload.items
  return {
    ...result,
    workload: name,
    contender,
    round,
    acknowledged,
    perSecond: acknowledged / result.seconds,
    cpuMicros: cpu === null || cpuBefore === null ? null : ((cpu - cpuBefore) / result.accepted) * 1e6,
  }
}
