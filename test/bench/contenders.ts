import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../support/bundled.ts'
import { withoutLines } from '../support/log-lines.ts'
import { BENCH, type Host } from './contenders/host.ts'

/** What takes part: a Worker in a workerd of its own, or a service on Node. */
export type Contender = {
  readonly name: string
  /** What it promises of what it has acknowledged. */
  readonly promise: string
  /** Where it listens; several when it has several isolates. */
  readonly urls: readonly string[]
  readonly pid: number
  /** All that it has printed. */
  readonly log: () => string
  /** Whether it keeps Sumdial's promises, so that its own audit can be asked. */
  readonly isSumdial: boolean
  /** The path of a read, with `{key}` in it, for one that is read from. */
  readonly read?: string
}

/** By name, those that count. */
export const NAMES = {
  ceiling: 'ceiling',
  zod: 'zod alone',
  upsert: 'upsert each',
  queue: 'queue',
  writer: 'one writer',
  sumdial: 'Sumdial',
  eight: 'Sumdial, 8 isolates',
} as const

/**
 * Starts those that are wanted, each before a database of its own: their flushes and upserts are part of what is measured.
 */
export async function startContenders(
  host: Host,
  stack: AsyncDisposableStack,
  isWanted: (name: string) => boolean,
): Promise<Contender[]> {
  const all: Contender[] = []
  const add = async (name: string, promise: string, start: () => Promise<Listening>, isSumdial = false) => {
    if (!isWanted(name)) return
    const { pid, log, urls } = await start()
    all.push({ name, promise, pid, log, urls, isSumdial })
  }
  const sumdial = await bundle()
  const exact = 'durable, each exactly once'

  await add(NAMES.ceiling, 'keeps nothing: the same Worker, but its flights are answered at once', async () =>
    host.worker(await bundle(`${BENCH}/ceiling-worker.ts`)),
  )
  await add(NAMES.zod, 'keeps nothing: a Worker that parses and validates with zod', async () =>
    host.worker(await bundle(`${BENCH}/zod-worker.ts`)),
  )
  await add(NAMES.upsert, 'durable in Postgres, counted twice on a retry', async () =>
    host.worker(await bundle(`${BENCH}/upsert-worker.ts`)),
  )
  await add(NAMES.queue, 'lost when the process dies, and after three failures', async () =>
    host.service('queue-service.ts', { DATABASE_URL: await host.database() }),
  )
  await add(NAMES.writer, 'lost when the process dies, up to a batch', () =>
    host.service('sqlite-service.ts', { SQLITE_FILE: sqliteFile(stack) }),
  )
  await add(NAMES.sumdial, exact, () => host.worker(sumdial), true)
  await add(NAMES.eight, exact, () => host.worker(sumdial, { isolates: 8 }), true)
  return all
}

/** What it has printed that it should not have. What was answered 503 is counted by whoever asked. */
export function logged({ name, log }: Pick<Contender, 'name' | 'log'>): string[] {
  const written = withoutLines(log(), ['not all counted'])
  return written === '' ? [] : [`${name} wrote: ${written.slice(0, 500)}`]
}

type Listening = Pick<Contender, 'pid' | 'log' | 'urls'>

export function sqliteFile(stack: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-one-writer-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return join(dir, 'counters.sqlite')
}
