import { bundle } from '../../support/bundled.ts'
import { withoutLines } from '../../support/log-lines.ts'
import type { Runner } from '../rounds.ts'
import { type Stand, startWorker } from '../stand.ts'
import { startService } from '../start-service.ts'

/** One that takes part: a Worker in a workerd of its own, or a service on Node. */
export type Contender = Runner & {
  /** How much of what it has acknowledged it keeps, in words. */
  readonly promise: string
  /** Everything that it has printed. */
  readonly log: () => string
  /** Whether its own audit can be asked, because it keeps Sumdial's promises. */
  readonly isSumdial: boolean
}

/** The names of those that count. */
export const NAMES = {
  ceiling: 'ceiling',
  zod: 'zod alone',
  upsert: 'upsert each',
  queue: 'queue',
  sumdial: 'Sumdial',
  eight: 'Sumdial, 8 isolates',
} as const

/** Where the modules of contenders are, from the project's root. */
export const CONTENDERS = 'test/bench/contenders'

/**
 * Starts those that are wanted, each before a database of its own, because their flushes and upserts are part of what
 * is measured.
 */
export async function startContenders(
  stand: Stand,
  stack: AsyncDisposableStack,
  isWanted: (name: string) => boolean,
): Promise<Contender[]> {
  const all: Contender[] = []
  const add = async (name: string, promise: string, start: () => Promise<Listening>, isSumdial = false) => {
    if (!isWanted(name)) return
    const { pid, log, urls } = await start()
    all.push({ name, promise, pid, log, urls, isSumdial })
  }
  const worker = async (script: string, isolates = 1) =>
    startWorker(stack, (await stand.database()).endpoint, { script, isolates })
  const service = (file: string, env: Record<string, string>) =>
    startService(stack, `${CONTENDERS}/${file}`, env)
  const sumdial = await bundle()
  const exact = 'durable, each exactly once'

  await add(NAMES.ceiling, 'keeps nothing: the same Worker, but its flights are answered at once', async () =>
    worker(await bundle(`${CONTENDERS}/ceiling-worker.ts`)),
  )
  await add(NAMES.zod, 'keeps nothing: a Worker that parses and validates with zod', async () =>
    worker(await bundle(`${CONTENDERS}/zod-worker.ts`)),
  )
  await add(NAMES.upsert, 'durable in Postgres, counted twice on a retry', async () =>
    worker(await bundle(`${CONTENDERS}/upsert-worker.ts`)),
  )
  await add(NAMES.queue, 'lost when the process dies, and after three failures', async () =>
    service('queue-service.ts', { DATABASE_URL: (await stand.database()).url }),
  )
  await add(NAMES.sumdial, exact, () => worker(sumdial), true)
  await add(NAMES.eight, exact, () => worker(sumdial, 8), true)
  return all
}

type Listening = Pick<Contender, 'pid' | 'log' | 'urls'>

/** Lines that it should not have printed. Whoever sends the requests counts the ones that were answered 503. */
export function logged({ name, log }: Pick<Contender, 'name' | 'log'>): string[] {
  const written = withoutLines(log(), ['not all counted'])
  return written === '' ? [] : [`${name} wrote: ${written.slice(0, 500)}`]
}
