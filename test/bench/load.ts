import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import autocannon from 'autocannon'

/** A load of `POST /increment`, as fast as the connections allow. */
export type Load = {
  /** The connections are dealt out among them. */
  readonly urls: readonly string[]
  readonly connections: number
  readonly seconds: number
  /** Increments in one request: 1 is sent as an object, more as an array. */
  readonly items: number
  /** Distinct keys; 0 for a new one in each increment. */
  readonly keys: number
  /** Whether each increment has an id and a time. */
  readonly ids: boolean
  /** Requests a second over all connections; as many as they can without it. */
  readonly rate?: number
}

export type LoadResult = {
  readonly seconds: number
  /** Requests answered 202. */
  readonly accepted: number
  /** Requests answered otherwise, and connections that broke. */
  readonly errors: number
  /** Milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly p99: number }
}

/** A saturated workerd may leave single connections waiting for seconds; that is no error here. In seconds. */
const TIMEOUT_SECONDS = 60

/** Runs autocannon in a process of its own, so that it shares nothing but the machine with who asks. */
export async function applyLoad(load: Load): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, JSON.stringify(load)])
  return JSON.parse(stdout)
}

/** Bodies made beforehand, which the connections send one after another, each beginning elsewhere. */
const BODIES = 1_000

/** Increments numbered from `first` on. Neighbours never share a key, so that an array has none twice if it can. */
function bodyOf(first: number, { items, keys, ids }: Load, run: string): string {
  const increments = Array.from({ length: items }, (_, i) => {
    const n = first + i
    const key = `site/example.com/page-${keys === 0 ? `${run}-${n}` : n % keys}`
    return ids ? { key, value: 1 + (n % 9), at: Date.now(), id: `${run}-${n}` } : { key, value: 1 + (n % 9) }
  })
  return JSON.stringify(items === 1 ? increments[0] : increments)
}

/** What each connection sends: of a list over and over, or, where each must differ, what is made for it then. */
function requestsOf(load: Load) {
  const run = crypto.randomUUID().slice(0, 8)
  let sent = 0
  if (load.ids || load.keys === 0) {
    const setupRequest = (request: object) => {
      sent += load.items
      return { ...request, body: bodyOf(sent, load, run) }
    }
    return () => [{ setupRequest }]
  }
  const count = Math.min(BODIES, load.keys)
  const bodies = Array.from({ length: count }, (_, i) => ({ body: bodyOf(i, load, run) }))
  const step = Math.max(1, Math.floor(count / load.connections))
  return (connection: number) => {
    const from = (connection * step) % count
    return [...bodies.slice(from), ...bodies.slice(0, from)]
  }
}

async function main(load: Load): Promise<LoadResult> {
  const { urls, connections, seconds } = load
  const requests = requestsOf(load)
  let connection = 0
  const result = await autocannon({
    url: urls.map((url) => `${url}/increment`),
    connections,
    duration: seconds,
    ...(load.rate === undefined ? {} : { overallRate: load.rate }),
    timeout: TIMEOUT_SECONDS,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    setupClient: (client) => client.setRequests(requests(connection++)),
  })
  const answered = Object.values(result.statusCodeStats).reduce((sum, { count }) => sum + count, 0)
  const accepted = result.statusCodeStats['202']?.count ?? 0
  const { p50, p99 } = result.latency
  return {
    seconds: result.duration,
    accepted,
    errors: answered - accepted + result.errors,
    latencyMs: { p50, p99 },
  }
}

if (import.meta.main) {
  const [load = ''] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(await main(JSON.parse(load))))
}
