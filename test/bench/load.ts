import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import { must } from '../../src/model/assert.ts'
import { seeded } from '../support/chance.ts'
import { type BenchFormat, FORMATS } from './formats/bodies.ts'

/** A load of `POST /increment`, or of reads, as fast as the connections allow. */
export type Load = {
  /** The connections are dealt out among them. */
  readonly urls: readonly string[]
  readonly connections: number
  readonly seconds: number
  /** The path of reads, with `{key}` in place of a key, instead of increments. All keys are read in a random order. */
  readonly read?: string
  /** The name of a foreign format whose deliveries are sent instead of increments. See formats/bodies.ts. */
  readonly format?: string
  /** Increments in one request: 1 is sent as an object, more as an array. */
  readonly items: number
  /** Distinct keys; 0 gives each increment a new one. */
  readonly keys: number
  /** Whether each increment has an id and a time. */
  readonly ids: boolean
}

export type LoadResult = {
  readonly seconds: number
  /** Requests that were counted, or reads answered 200. */
  readonly accepted: number
  /** Requests answered 503: past a bound nothing is taken, and nothing that was taken is lost. */
  readonly refused: number
  /** Requests answered otherwise, and connections that broke. */
  readonly errors: number
  /** Milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly p99: number }
}

/** A saturated workerd may leave single connections waiting for seconds, which is no error here. */
const TIMEOUT_SECONDS = 60

/** Runs autocannon in a process of its own, so that it shares nothing with the caller but the machine. */
export async function applyLoad(load: Load): Promise<LoadResult> {
  const { stdout } = await promisify(execFile)(process.execPath, [import.meta.filename, JSON.stringify(load)])
  return JSON.parse(stdout)
}

/** The key with this number. */
export function keyOf(n: number | string): string {
  return `site/example.com/page-${n}`
}

/** Bodies made beforehand, which the connections send one after another, each beginning elsewhere. */
const BODIES = 1_000

/** Increments numbered from `first` on. Neighbours have different keys, so that an array has none twice if it can. */
function bodyOf(first: number, { items, keys, ids }: Load, run: string): string {
  const increments = Array.from({ length: items }, (_, i) => {
    const n = first + i
    const key = keyOf(keys === 0 ? `${run}-${n}` : n % keys)
    return ids ? { key, value: 1 + (n % 9), at: Date.now(), id: `${run}-${n}` } : { key, value: 1 + (n % 9) }
  })
  return JSON.stringify(items === 1 ? increments[0] : increments)
}

/** The requests of each connection: a list over and over, or one made when it is sent, where all must differ. */
function requestsOf(load: Load) {
  const run = crypto.randomUUID().slice(0, 8)
  let sent = 0
  const format = formatOf(load)
  if (format !== undefined) {
    // Another run has other bytes, too.
    const first = Date.now() % 1_000_000_000
    return () => [{ setupRequest: (request: object) => ({ ...request, body: format.body(first + sent++) }) }]
  }
  if (load.ids || load.keys === 0) {
    const setupRequest = (request: object) => {
      sent += load.items
      return { ...request, body: bodyOf(sent, load, run) }
    }
    return () => [{ setupRequest }]
  }
  const all = load.read === undefined ? bodiesOf(load, run) : readsOf(load.read, load.keys)
  const step = Math.max(1, Math.floor(all.length / load.connections))
  // No more requests than are needed, because autocannon makes each into bytes at the start, once for each connection.
  const length = Math.min(all.length, Math.max(LIST_MIN, Math.ceil(all.length / load.connections)))
  return (connection: number) => {
    const from = (connection * step) % all.length
    return Array.from({ length }, (_, i) => all[(from + i) % all.length] ?? {})
  }
}

function formatOf({ format }: Load): BenchFormat | undefined {
  return format === undefined ? undefined : must(FORMATS[format], 'a format')
}

/** A connection sends at least so many different requests; together the connections send all of them. */
const LIST_MIN = 32

function bodiesOf(load: Load, run: string) {
  const count = Math.min(BODIES, load.keys)
  return Array.from({ length: count }, (_, i) => ({ body: bodyOf(i, load, run) }))
}

const SEED = 6

function readsOf(path: string, keys: number) {
  const random = seeded(SEED)
  const places = Array.from({ length: keys }, (_, n) => ({ n, place: random() }))
  return places
    .sort((a, b) => a.place - b.place)
    .map(({ n }) => ({ path: path.replace('{key}', encodeURIComponent(keyOf(n))) }))
}

/** Between two looks at whether the load is over. autocannon's default is a second, which is much of a short turn. */
const SAMPLE_MS = 100

const INCREMENT = { path: '/increment', contentType: 'application/json', status: 202 }

async function main(load: Load): Promise<LoadResult> {
  const { urls, connections, seconds } = load
  const requests = requestsOf(load)
  const { path, contentType, status } = formatOf(load) ?? INCREMENT
  let connection = 0
  const running = autocannon({
    url: urls.map((url) => `${url}${path}`),
    connections,
    duration: seconds,
    sampleInt: SAMPLE_MS,
    timeout: TIMEOUT_SECONDS,
    method: load.read === undefined ? 'POST' : 'GET',
    headers: { 'content-type': contentType },
    setupClient: (client) => client.setRequests(requests(connection++)),
  })
  // autocannon's own duration begins before its connections are ready, which is most of a short turn.
  let startedMs = performance.now()
  running.once('start', () => {
    startedMs = performance.now()
  })
  const result = await running
  const tookMs = performance.now() - startedMs
  const answered = Object.values(result.statusCodeStats).reduce((sum, { count }) => sum + count, 0)
  const withStatus = (status: string) => result.statusCodeStats[status]?.count ?? 0
  const accepted = withStatus(load.read === undefined ? String(status) : '200')
  const refused = withStatus('503')
  const { p50, p99 } = result.latency
  return {
    seconds: tookMs / 1000,
    accepted,
    refused,
    errors: answered - accepted - refused + result.errors,
    latencyMs: { p50, p99 },
  }
}

if (import.meta.main) {
  const [load = ''] = process.argv.slice(2)
  process.stdout.write(JSON.stringify(await main(JSON.parse(load))))
}
