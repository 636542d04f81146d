import { Hono } from 'hono'
import { access } from './access.ts'
import { readCounter } from './counters.ts'
import { readHour } from './hours.ts'
import { ingest } from './ingest.ts'
import { listAnswer } from './list.ts'
import { parseListQuery } from './list-query.ts'
import { nextHourWaker } from './next-hour.ts'
import { onError } from './on-error.ts'
import { decideParked } from './parked.ts'
import { keyOfPath } from './path-key.ts'
import { problemResponse } from './problem-response.ts'
import { parseCounterQuery } from './query.ts'
import { respond } from './respond.ts'
import type { Route } from './router.ts'
import { addRoute } from './router.ts'
import type { EdgeContext, EdgeEnv, EdgeServices } from './services.ts'
import { readStatus } from './status.ts'

/** The Worker's HTTP interface. DESIGN: section 6. */
export function createApp(services: EdgeServices) {
  const app = new Hono<EdgeEnv>()
  app.use(access(services.config))
  for (const route of routesOf(services)) addRoute(app, route)
  app.notFound(() => problemResponse({ kind: 'not_found', detail: NOT_FOUND }))
  app.onError(onError)
  return app
}

const NOT_FOUND =
  'There are POST /increment, GET /counters?key=, GET /counters?prefix=, GET /counters/{key}, GET /hours/{hour}, GET /status, POST /parked/retry and POST /parked/discard.'

/** Everything that can be asked for, and the scope that it takes. */
function routesOf(services: EdgeServices): readonly Route[] {
  const { config, clock } = services
  const wakeNextHour = nextHourWaker(config, services.wake)

  async function increment(c: EdgeContext): Promise<Response> {
    const nowMs = clock.now()
    const keepAlive = (turn: Promise<unknown>) => c.executionCtx.waitUntil(turn)
    wakeNextHour(nowMs, keepAlive)
    const { coalescer } = services
    return respond(await ingest(c.req.raw, { config, coalescer, nowMs, keepAlive }), 202)
  }

  async function counters(c: EdgeContext, keyInPath: string | undefined): Promise<Response> {
    const nowMs = clock.now()
    const query = parseCounterQuery(new URL(c.req.raw.url).search, keyInPath, nowMs)
    if ('kind' in query) return problemResponse(query)
    const { readCommitted, askUnsettled } = services
    return respond(await readCounter(query, { readCommitted, askUnsettled, shards: config.shards, nowMs }))
  }

  async function list(c: EdgeContext): Promise<Response> {
    const asked = parseListQuery(new URL(c.req.raw.url).search, c.get('grant').prefix, clock.now())
    return respond('kind' in asked ? asked : await listAnswer(asked, services.listCounters))
  }

  function countersOrList(c: EdgeContext): Promise<Response> {
    return c.req.query('prefix') === undefined ? counters(c, undefined) : list(c)
  }

  async function hour(c: EdgeContext): Promise<Response> {
    const { askSettlement } = services
    const asked = { askSettlement, shards: config.shards, lateHours: config.lateHours, nowMs: clock.now() }
    return respond(await readHour(c.req.raw.url, c.req.param('hour') ?? '', c.get('grant').prefix, asked))
  }

  function counterOfPath(c: EdgeContext): Response | Promise<Response> {
    const key = keyOfPath(c.req.raw.url)
    return typeof key === 'string' ? counters(c, key) : problemResponse(key)
  }

  async function status(c: EdgeContext): Promise<Response> {
    const search = new URL(c.req.raw.url).searchParams
    const { askStatus, readLedger } = services
    return respond(
      await readStatus(search, { askStatus, readLedger, shards: config.shards, nowMs: clock.now() }),
    )
  }

  async function parked(c: EdgeContext, action: 'retry' | 'discard'): Promise<Response> {
    return respond(await decideParked(c.req.raw, action, services.decideParked))
  }

  return [
    ['POST', '/increment', 'write', increment],
    ['GET', '/counters', 'read', countersOrList],
    ['GET', '/counters/*', 'read', counterOfPath],
    ['GET', '/hours/:hour', 'read', hour],
    ['GET', '/status', 'read', status],
    ['POST', '/parked/retry', 'admin', (c) => parked(c, 'retry')],
    ['POST', '/parked/discard', 'admin', (c) => parked(c, 'discard')],
  ]
}
