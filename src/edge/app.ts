import { Hono } from 'hono'
import { READ_MS_MAX } from '../limits.ts'
import { admission, refuseOutside, refuseUnlessWhole } from './access.ts'
import { badgeRoute } from './badge.ts'
import { readCounters } from './counters.ts'
import { dashboardRoutes } from './dashboard.ts'
import { docsPage } from './docs/page.ts'
import { crossOrigin, standardHeaders } from './headers.ts'
import { readHour } from './hours.ts'
import { ingest } from './ingest.ts'
import { jsonResponse } from './json.ts'
import { listAnswer } from './list.ts'
import { parseListQuery } from './list-query.ts'
import { nextHourWaker } from './next-hour.ts'
import { onError } from './on-error.ts'
import { openApiDocument } from './openapi/document.ts'
import { decideParked } from './parked.ts'
import { keyOfPath } from './path-key.ts'
import { problemResponse } from './problem-response.ts'
import { parseCounterQuery } from './query.ts'
import { respond } from './respond.ts'
import type { Route } from './router.ts'
import { addRoutes, refusal } from './router.ts'
import { readSeriesAnswer } from './series.ts'
import type { EdgeContext, EdgeEnv, EdgeServices } from './services.ts'
import { readStatus } from './status.ts'
import { within } from './within.ts'

/** The Worker's HTTP interface. DESIGN: section 6. */
export function createApp(services: EdgeServices) {
  const app = new Hono<EdgeEnv>()
  const { config, isWithinLimit } = services
  const admit = admission(config, isWithinLimit)
  app.use(standardHeaders)
  if (config.allowedOrigins.length > 0) app.use(crossOrigin(config.allowedOrigins))
  addRoutes(app, admit, routesOf(services))
  app.notFound(refusal(admit, { kind: 'not_found', detail: NOT_FOUND }))
  app.onError(onError)
  return app
}

const NOT_FOUND =
  'There are POST /increment, GET /counters?key=, GET /counters?prefix=, GET /counters/{key}, GET /hours/{hour}, GET /status, POST /parked/retry and POST /parked/discard; GET /docs tells more.'

/** Of what is the same for everyone until the next deploy. */
const PUBLIC = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }

/** A page with a style of its own, and nothing from elsewhere. */
const STYLED = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}

/** Everything that can be asked for, and the scope that it takes. */
export function routesOf(services: EdgeServices): readonly Route[] {
  const { config, clock } = services
  const wakeNextHour = nextHourWaker(config, services.wake)

  async function increment(c: EdgeContext): Promise<Response> {
    const nowMs = clock.now()
    const keepAlive = (turn: Promise<unknown>) => c.executionCtx.waitUntil(turn)
    wakeNextHour(nowMs, keepAlive)
    const { coalescer } = services
    const grant = c.get('grant')
    return respond(await ingest(c.req.raw, { config, coalescer, grant, nowMs, keepAlive }), 202)
  }

  async function counters(c: EdgeContext, keyInPath: string | undefined): Promise<Response> {
    const nowMs = clock.now()
    const query = parseCounterQuery(new URL(c.req.raw.url).search, keyInPath, nowMs)
    if ('kind' in query) return problemResponse(query)
    const asked = query.keys.map((key) => ({ key }))
    const outside = refuseOutside(c.get('grant'), asked)
    if (outside !== undefined) return problemResponse(outside)
    const { readCommitted, askUnsettled } = services
    const reading = readCounters(query, { readCommitted, askUnsettled, shards: config.shards, nowMs })
    // All of its tries together: each step has a bound of its own, but there are ten of them.
    const answers = await within(clock, READ_MS_MAX, reading)
    if ('kind' in answers) return problemResponse(answers)
    const [first, ...others] = answers
    return respond(others.length === 0 && first !== undefined ? first : { items: answers })
  }

  async function list(c: EdgeContext): Promise<Response> {
    const asked = parseListQuery(new URL(c.req.raw.url).search, c.get('grant').prefix, clock.now())
    return respond('kind' in asked ? asked : await listAnswer(asked, services.listCounters))
  }

  async function series(c: EdgeContext): Promise<Response> {
    const { readSeries, askUnsettledUnder } = services
    const asked = { readSeries, askUnsettledUnder, shards: config.shards, nowMs: clock.now() }
    const reading = readSeriesAnswer(new URL(c.req.raw.url).search, c.get('grant').prefix, asked)
    return respond(await within(clock, READ_MS_MAX, reading))
  }

  function countersOrList(c: EdgeContext): Promise<Response> {
    if (c.req.query('prefix') === undefined) return counters(c, undefined)
    return c.req.query('bucket') === undefined || c.req.query('key') !== undefined ? list(c) : series(c)
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
    const refused = refuseUnlessWhole(c.get('grant'))
    if (refused !== undefined) return problemResponse(refused)
    const { search } = new URL(c.req.raw.url)
    const { askStatus, readLedger } = services
    return respond(
      await readStatus(search, { askStatus, readLedger, shards: config.shards, nowMs: clock.now() }),
    )
  }

  async function parked(c: EdgeContext, action: 'retry' | 'discard'): Promise<Response> {
    return respond(await decideParked(c.req.raw, action, c.get('grant'), services.decideParked))
  }

  function openApi(c: EdgeContext): Response {
    return jsonResponse(openApiDocument(new URL(c.req.url).origin), 200, {
      'content-type': 'application/json',
      ...PUBLIC,
    })
  }

  function docs(c: EdgeContext): Response | Promise<Response> {
    return c.html(docsPage(openApiDocument(new URL(c.req.url).origin)), 200, { ...PUBLIC, ...STYLED })
  }

  return [
    ['POST', '/increment', 'write', increment],
    ['GET', '/counters', 'read', countersOrList],
    ['GET', '/counters/*', 'read', counterOfPath],
    ['GET', '/hours/:hour', 'read', hour],
    ['GET', '/status', 'read', status],
    ['POST', '/parked/retry', 'admin', (c) => parked(c, 'retry')],
    ['POST', '/parked/discard', 'admin', (c) => parked(c, 'discard')],
    ['GET', '/openapi.json', 'nothing', openApi],
    ['GET', '/docs', 'nothing', docs],
    ...dashboardRoutes(services),
    badgeRoute(services),
  ]
}
