import type { Context } from 'hono'
import { Hono } from 'hono'
import type { Config } from '../config.ts'
import { WAKE_AHEAD_MS, WAKE_SHARDS_MAX } from '../limits.ts'
import type { Clock } from '../model/clock.ts'
import type { Unsettled } from '../model/flight.ts'
import { addHours, hourEndMs, hourOf } from '../model/hour.ts'
import type { Problem } from '../model/problem.ts'
import type { ReadCommitted } from '../model/read.ts'
import { shardsOf } from '../model/shard-name.ts'
import type { ShardStatus } from '../model/status.ts'
import type { Coalescer } from './coalescer.ts'
import { readCounter } from './counters.ts'
import { ingest } from './ingest.ts'
import { jsonResponse } from './json.ts'
import { type DecideParked, decideParked } from './parked.ts'
import { problemResponse } from './problem-response.ts'
import { parseCounterQuery } from './query.ts'
import { type ReadLedger, readStatus } from './status.ts'
import { Unavailable } from './within.ts'

/** What the edge works with; `index.ts` makes it, once for each isolate. */
export type EdgeServices = {
  readonly config: Config
  readonly clock: Clock
  readonly coalescer: Coalescer
  readonly readCommitted: ReadCommitted
  readonly askUnsettled: (shard: string, key: string) => Promise<Unsettled>
  readonly askStatus: (shard: string) => Promise<ShardStatus>
  readonly decideParked: DecideParked
  readonly readLedger: ReadLedger
  readonly wake: (shard: string) => Promise<void>
}

const CLOSED =
  'This Worker has no access control configured, so it refuses everything. `npm run dev` opens it on your machine.'

/** The Worker's HTTP interface. DESIGN: section 6. */
export function createApp(services: EdgeServices) {
  const app = new Hono()
  const wakeNextHour = hourWaker(services)

  app.use(async (_, next) => {
    // Access control comes with tokens. Until then only `npm run dev` opens a Worker. [S1]
    return services.config.isOpen ? next() : problemResponse({ kind: 'closed_to_all', detail: CLOSED })
  })

  app.post('/increment', async (c) => {
    const nowMs = services.clock.now()
    const keepAlive = (turn: Promise<unknown>) => c.executionCtx.waitUntil(turn)
    wakeNextHour(nowMs, keepAlive)
    const { config, coalescer } = services
    return respond(await ingest(c.req.raw, { config, coalescer, nowMs, keepAlive }), 202)
  })

  app.get('/counters', (c) => counters(c, undefined))
  app.get('/counters/*', (c) => {
    const key = keyOfPath(c.req.raw.url)
    return typeof key === 'string' ? counters(c, key) : problemResponse(key)
  })

  async function counters(c: Context, keyInPath: string | undefined): Promise<Response> {
    const nowMs = services.clock.now()
    const query = parseCounterQuery(new URL(c.req.raw.url).search, keyInPath, nowMs)
    if ('kind' in query) return problemResponse(query)
    const { readCommitted, askUnsettled } = services
    return respond(
      await readCounter(query, { readCommitted, askUnsettled, shards: services.config.shards, nowMs }),
    )
  }

  app.get('/status', async (c) => {
    const { askStatus, readLedger, clock, config } = services
    const search = new URL(c.req.raw.url).searchParams
    return respond(
      await readStatus(search, { askStatus, readLedger, shards: config.shards, nowMs: clock.now() }),
    )
  })

  for (const action of ['retry', 'discard'] as const) {
    const path = `/parked/${action}`
    app.post(path, async (c) => respond(await decideParked(c.req.raw, action, services.decideParked)))
    app.all(path, () => wrongMethod('POST'))
  }

  app.all('/increment', () => wrongMethod('POST'))
  app.all('/counters', () => wrongMethod('GET'))
  app.all('/counters/*', () => wrongMethod('GET'))
  app.all('/status', () => wrongMethod('GET'))
  app.notFound(() =>
    problemResponse({
      kind: 'not_found',
      detail:
        'There are POST /increment, GET /counters?key=, GET /counters/{key}, GET /status, POST /parked/retry and POST /parked/discard.',
    }),
  )
  app.onError((error, c) => {
    // Made of the Host header, which nothing but a proxy in front has checked.
    if (!URL.canParse(c.req.url)) {
      return problemResponse({ kind: 'invalid_parameter', parameter: 'Host', detail: 'Host makes no URL.' })
    }
    if (error instanceof Unavailable) {
      const reason = error.cause instanceof Error ? error.cause.message.slice(0, 200) : 'unknown'
      console.warn({ message: 'unavailable', detail: error.message, reason })
      return problemResponse({ kind: 'unavailable', detail: error.message })
    }
    console.error({ message: 'unexpected', error: error.name, stack: error.stack })
    return problemResponse({ kind: 'internal' })
  })
  return app
}

function respond(answer: object | Problem, status = 200): Response {
  return isProblem(answer) ? problemResponse(answer) : jsonResponse(answer, status)
}

function isProblem(answer: object | Problem): answer is Problem {
  return 'kind' in answer
}

function wrongMethod(allow: string): Response {
  return problemResponse({ kind: 'method_not_allowed', allow, detail: `Only ${allow} is allowed here.` })
}

const COUNTERS = '/counters/'

/** The rest of the path is the key: `%2F` equals `/`. */
function keyOfPath(url: string): string | Problem {
  const { pathname } = new URL(url)
  // The router has matched the decoded path, which `/%63ounters/` is too.
  if (!pathname.startsWith(COUNTERS)) return { kind: 'not_found', detail: `Keys stand behind ${COUNTERS}.` }
  try {
    return decodeURIComponent(pathname.slice(COUNTERS.length))
  } catch {
    return { kind: 'invalid_parameter', parameter: 'key', detail: 'key is not percent-encoded UTF-8.' }
  }
}

/** Wakes the next hour's shards once, shortly before the turn, so that a name's slow first use delays nobody. */
function hourWaker({ config, wake }: EdgeServices) {
  let wokenHour = 0
  return (nowMs: number, keepAlive: (turn: Promise<unknown>) => void) => {
    const hour = hourOf(nowMs)
    if (hour < wokenHour || hourEndMs(hour) - nowMs > WAKE_AHEAD_MS) return
    const next = addHours(hour, 1)
    wokenHour = next
    // A shard that does not wake now wakes with its first flight.
    keepAlive(Promise.allSettled(shardsOf(next, config.shards).slice(0, WAKE_SHARDS_MAX).map(wake)))
  }
}
