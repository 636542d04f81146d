import { Hono } from 'hono'
import type { Result } from '../model/result.ts'
import { ok } from '../model/result.ts'
import { admission } from './http/access.ts'
import type { EdgeContext, EdgeEnv } from './http/context.ts'
import { crossOrigin, standardHeaders } from './http/headers.ts'
import { jsonResponse } from './http/json.ts'
import { onError } from './http/on-error.ts'
import { keyOfPath } from './http/parameters.ts'
import type { Problem } from './http/problem.ts'
import type { Route } from './http/router.ts'
import { addRoutes, refusal } from './http/router.ts'
import { readIncrements } from './ingest/body.ts'
import { KnownKeys } from './ingest/fast-path/known-keys.ts'
import { openApiDocument } from './openapi/document.ts'
import { metrics } from './operate/metrics.ts'
import { decideParked } from './operate/parked.ts'
import { type Caller, type Operations, operationsOf } from './operations.ts'
import { badgeRoute } from './pages/badge.ts'
import { dashboardRoutes } from './pages/dashboard.ts'
import { docsPage } from './pages/docs/page.ts'
import type { EdgeServices } from './ports.ts'

/** The Worker's HTTP interface. DESIGN: section 6. */
export function createApp(services: EdgeServices, operations: Operations = operationsOf(services)) {
  const app = new Hono<EdgeEnv>()
  const { config, isWithinLimit } = services
  const admit = admission(config, isWithinLimit)
  // Where no page counts there is no middleware, and hono has but one function to call.
  if (config.allowedOrigins.length > 0) app.use(standardHeaders, crossOrigin(config.allowedOrigins))
  addRoutes(app, admit, routesOf(services, operations))
  app.notFound(refusal(admit, { kind: 'not_found', missing: { kind: 'route', routes: ROUTES } }))
  app.onError(onError)
  return app
}

const ROUTES = [
  'POST /increment',
  'GET /counters',
  'GET /counters/{key}',
  'GET /hours/{hour}',
  'GET /status',
  'GET /metrics',
  'POST /parked/retry',
  'POST /parked/discard',
]

/** Of what is the same for everyone until the next deploy. */
const PUBLIC = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }

/** A page with a style of its own, and nothing from elsewhere. */
const STYLED = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}

/** Everything that can be asked for, and the scope that it takes. */
export function routesOf(
  services: EdgeServices,
  operations: Operations = operationsOf(services),
): readonly Route[] {
  function callerOf(c: EdgeContext): Caller {
    const keepAlive = (turn: Promise<unknown>) => c.executionCtx.waitUntil(turn)
    return { grant: c.get('grant'), nowMs: services.clock.now(), keepAlive }
  }

  const known = new KnownKeys()

  async function increment(c: EdgeContext) {
    // It has arrived before its body is read. [K1]
    const caller = callerOf(c)
    const asked = await readIncrements(c.req.raw, known)
    return asked.ok ? await operations.increment(asked.value, caller) : asked
  }

  async function counters(c: EdgeContext, keyInPath: string | undefined): Promise<Result<object, Problem>> {
    const answers = await operations.read(searchOf(c), callerOf(c), keyInPath)
    if (!answers.ok) return answers
    const [first, ...others] = answers.value
    return ok(others.length === 0 && first !== undefined ? first : { items: answers.value })
  }

  async function countersOrList(c: EdgeContext): Promise<Result<object, Problem>> {
    if (c.req.query('prefix') === undefined) return counters(c, undefined)
    // It is the bucket that makes a series of a list; what must not stand beside a prefix is for the list to refuse.
    const isSeries = c.req.query('bucket') !== undefined && c.req.query('key') === undefined
    const { list, series } = operations
    return (isSeries ? series : list)(searchOf(c), callerOf(c))
  }

  function hour(c: EdgeContext) {
    return operations.hour(searchOf(c), c.req.param('hour') ?? '', callerOf(c))
  }

  function counterOfPath(c: EdgeContext) {
    const key = keyOfPath(c.req.raw.url)
    return key.ok ? counters(c, key.value) : key
  }

  function status(c: EdgeContext) {
    return operations.status(searchOf(c), callerOf(c))
  }

  function parked(c: EdgeContext, action: 'retry' | 'discard') {
    return decideParked(c.req.raw, action, c.get('grant'), services.decideParked)
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
    ['POST', '/increment', 'write', increment, 202],
    ['GET', '/counters', 'read', countersOrList],
    ['GET', '/counters/*', 'read', counterOfPath],
    ['GET', '/hours/:hour', 'read', hour],
    ['GET', '/status', 'read', status],
    ['GET', '/metrics', 'read', (c) => metrics(c, services)],
    ['POST', '/parked/retry', 'admin', (c) => parked(c, 'retry')],
    ['POST', '/parked/discard', 'admin', (c) => parked(c, 'discard')],
    ['GET', '/openapi.json', 'nothing', openApi],
    ['GET', '/docs', 'nothing', docs],
    ...dashboardRoutes(services),
    badgeRoute(services),
  ]
}

/** As it is in the URL: hono's own reading of it would repair what must be refused. */
function searchOf(c: EdgeContext): string {
  return new URL(c.req.raw.url).search
}
