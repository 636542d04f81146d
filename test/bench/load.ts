import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import autocannon from 'autocannon'

/** A load of `POST /increment`, as fast as the connections allow. */
export type Load = {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  /** Increments in one request: 1 is sent as an object, more as an array. */
  readonly items: number
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

/** Each connection sends one body over and over. */
function bodyOf(connection: number, items: number): string {
  if (items === 1) return JSON.stringify({ key: `site/example.com/page-${connection}`, value: 1 })
  const increments = Array.from({ length: items }, (_, i) => ({
    key: `site/example.com/page-${i}`,
    value: 1 + i,
  }))
  return JSON.stringify(increments)
}

async function main({ url, connections, seconds, items }: Load): Promise<LoadResult> {
  let connection = 0
  const result = await autocannon({
    url: `${url}/increment`,
    connections,
    duration: seconds,
    timeout: TIMEOUT_SECONDS,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    setupClient: (client) => client.setBody(bodyOf(connection++, items)),
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
