import { parseConfig } from '../../../src/config.ts'
import worker, { Shard as DeployedShard, type Env, Sumdial } from '../../../src/index.ts'
import type { MergeAnswer } from '../../../src/model/flight.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { shardNamesOf } from '../../../src/model/shard-name.ts'

import type { Billed } from '../cost/bill.ts'

export { Sumdial }

/** The production shard, which counts everything that it would be billed for. */
export class Shard extends DeployedShard {
  #objectRequests = 0
  #rowsWritten = 0
  #journalRows = 0
  #activeMs = 0
  #underWay = 0
  #sinceMs = 0

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const wrote = (rows: number, statement: string) => {
      this.#rowsWritten += rows
      if (statement.includes(' journal ')) this.#journalRows += rows
    }
    Object.defineProperty(this, 'ctx', { value: watching(ctx, wrote) })
  }

  override async merge(flight: string, hasBacklog?: boolean): Promise<MergeAnswer> {
    // A call to a shard in a location nearby takes so long.
    const callMs = Number((this.env as unknown as { CALL_MS: string }).CALL_MS)
    if (callMs > 0) await scheduler.wait(callMs)
    return this.#bill(() => super.merge(flight, hasBacklog))
  }

  override alarm(): Promise<void> {
    return this.#bill(() => super.alarm())
  }

  async billed(): Promise<Billed> {
    return {
      objectRequests: this.#objectRequests,
      rowsWritten: this.#rowsWritten,
      journalRows: this.#journalRows,
      activeMs: this.#activeMs,
    }
  }

  async #bill<T>(work: () => Promise<T>): Promise<T> {
    this.#objectRequests += 1
    this.#underWay += 1
    if (this.#underWay === 1) this.#sinceMs = performance.now()
    try {
      return await work()
    } finally {
      this.#underWay -= 1
      if (this.#underWay === 0) this.#activeMs += performance.now() - this.#sinceMs
    }
  }
}

/** The state, but it says how many rows were written. Methods of the platform's objects need their own object. */
function watching(
  ctx: DurableObjectState,
  wrote: (rows: number, statement: string) => void,
): DurableObjectState {
  const { storage } = ctx
  const sql = around(storage.sql, {
    exec: (statement: string, ...params: unknown[]) => {
      const cursor = storage.sql.exec(statement, ...params)
      const rows = cursor.toArray()
      wrote(cursor.rowsWritten, `${statement} `)
      return { toArray: () => rows }
    },
  })
  const watched = around(storage, {
    sql,
    setAlarm: (atMs: number) => {
      wrote(1, 'alarm')
      return storage.setAlarm(atMs)
    },
  })
  return around(ctx, { storage: watched })
}

function around<T extends object>(target: T, instead: object): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(instead, name)) return Reflect.get(instead, name)
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export default {
  ...worker,
  async fetch(request: Request<unknown, IncomingRequestCfProperties>, env: Env, ctx: ExecutionContext) {
    if (new URL(request.url).pathname !== '/billed') return worker.fetch(request, env, ctx)
    const { shards } = parseConfig(env)
    const names = [hourOf(Date.now()), hourOf(Date.now() - 60_000)].flatMap((hour) =>
      shardNamesOf(hour, shards),
    )
    const all = [...new Set(names)].map((name) => (env.SHARD.getByName(name) as unknown as Shard).billed())
    return Response.json(await Promise.all(all))
  },
}
