import { type Stand, startStand } from '../postgres/stand.ts'
import { bundle } from '../support/bundled.ts'
import { type Served, serve } from '../support/served.ts'

/** Another Worker beside the real one, both in workerd itself, before a real PostgreSQL. */
const CONFIG = 'test/support/binding-worker.toml'

/** Where both Workers can be served. */
export type Shop = {
  readonly stand: Stand
  /** The production Worker, before an object that answers at once unless told, and the shop beside it. */
  serveBoth(vars: Readonly<Record<string, string>>): Promise<Served>
  close(): Promise<void>
}

export async function openShop(): Promise<Shop> {
  const stand = await startStand(8)
  const script = await bundle('test/support/delayed-worker.ts')
  const shop = await bundle('test/support/binding-worker.ts', CONFIG)
  return {
    stand,
    serveBoth: (vars) =>
      serve({
        script,
        vars: { ...stand.vars, FLUSH_INTERVAL_SECONDS: '1', MERGE_DELAY_MS: '0', ...vars },
        beside: { script: shop, config: CONFIG },
      }),
    close: () => stand.stop(),
  }
}

/** The answer of a call through one of the shop's bindings, as text in which a bigint is an integer; or its exception. */
export async function ask(
  served: Served,
  binding: string,
  method: string,
  ...args: unknown[]
): Promise<string> {
  const body = JSON.stringify({ binding, method, args })
  return (await fetch(`http://127.0.0.1:${served.besidePort}/ask`, { method: 'POST', body })).text()
}

export async function asked(
  served: Served,
  binding: string,
  method: string,
  ...args: unknown[]
): Promise<unknown> {
  return JSON.parse(await ask(served, binding, method, ...args))
}
