import { bundle } from '../../support/bundled.ts'
import { settledStatus } from '../../support/status.ts'
import { BENCH, type Host } from '../contenders/host.ts'
import { NAMES, sqliteFile } from '../contenders.ts'

/** One that counts and is read from, started. */
export type Started = {
  readonly urls: readonly string[]
  readonly log: () => string
  /** URL of its database; null for one that has another. */
  readonly database: string | null
  /** Until all that was acknowledged can be read. */
  settle(): Promise<void>
}

/** Who takes the exercise. */
export type Way = {
  readonly name: string
  /** Of its Worker; 0 for a service on Node. */
  readonly isolates: number
  readonly isSumdial: boolean
  start(host: Host, stack: AsyncDisposableStack): Promise<Started>
}

const worker = (name: string, { entry, isolates = 1 }: { entry?: string; isolates?: number }): Way => ({
  name,
  isolates,
  isSumdial: entry === undefined,
  async start(host) {
    const database = await host.database()
    const script = await bundle(entry)
    const { url, urls, log } = await host.worker(script, {
      isolates,
      endpoint: await host.endpoint(database),
    })
    const settle = async () => {
      if (entry === undefined) await settledStatus(url)
    }
    return { urls, log, database, settle }
  },
})

export const WAYS: readonly Way[] = [
  worker(NAMES.upsert, { entry: `${BENCH}/upsert-worker.ts` }),
  {
    name: NAMES.queue,
    isolates: 0,
    isSumdial: false,
    async start(host) {
      const database = await host.database()
      const service = await host.service('queue-service.ts', { DATABASE_URL: database })
      return { ...service, database, settle: async () => {} }
    },
  },
  {
    name: NAMES.writer,
    isolates: 0,
    isSumdial: false,
    async start(host, stack) {
      const service = await host.service('sqlite-service.ts', { SQLITE_FILE: sqliteFile(stack) })
      return { ...service, database: null, settle: async () => {} }
    },
  },
  worker(NAMES.sumdial, {}),
  worker(NAMES.eight, { isolates: 8 }),
]
