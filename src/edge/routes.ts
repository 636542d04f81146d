import { fail } from '../model/result.ts'
import type { Api, Caller } from './api.ts'
import { jsonOrCsvResponse } from './csv/answer.ts'
import { tableOfCounters, tableOfList, tableOfSeries } from './csv/tables.ts'
import type { EdgeContext } from './http/context.ts'
import { jsonResponse } from './http/json.ts'
import { keyOfPath, refuseQuery, TOKEN_PARAMETER } from './http/parameters.ts'
import type { IsWithinLimit } from './http/rate-limit.ts'
import type { Answer, Route } from './http/router.ts'
import { readSession, signIn, signOut } from './http/session.ts'
import { readIncrements } from './ingest/body.ts'
import type { LargeBodies } from './ingest/delivery/large-bodies.ts'
import type { KnownTexts } from './ingest/fast-path/known-texts.ts'
import { allowWebHook, receiveEvents } from './ingest/formats/cloudevents.ts'
import type { Format, FormatServices } from './ingest/formats/format.ts'
import { describeEvents, describeOtlp, describeRecords } from './ingest/formats/openapi.ts'
import type { KnownSlices } from './ingest/formats/otlp/known-slices.ts'
import { receiveMetrics, refuseMetrics } from './ingest/formats/otlp.ts'
import { receiveRecords } from './ingest/formats/records.ts'
import { hit, hitScript } from './ingest/hits/hit.ts'
import { describeIncrement } from './ingest/openapi.ts'
import { documentOf, openApiPath } from './openapi/document.ts'
import { metrics } from './operate/metrics.ts'
import { describeMetrics, describeParked, describeStatus } from './operate/openapi.ts'
import { decideParked } from './operate/parked.ts'
import { badge } from './pages/badge.ts'
import { dashboardFile, dashboardPage } from './pages/dashboard.ts'
import { docsPage } from './pages/docs/page.ts'
import { STYLED } from './pages/docs/style.ts'
import type { ParkedAction, Ports } from './ports.ts'
import {
  describeCounter,
  describeCounters,
  describeHour,
  describeKeys,
  describeLabels,
} from './read/openapi.ts'

/** Everything that the handlers work with, made once for each isolate. */
export type Edge = {
  readonly ports: Ports
  readonly api: Api
  readonly isWithinLimit: IsWithinLimit
  readonly isHitWithinLimit: IsWithinLimit
  readonly knownKeys: KnownTexts
  readonly knownSlices: KnownSlices
  readonly largeBodies: LargeBodies
}

/** Where CloudEvents are taken; OpenMeter's SDK knows the second path alone. */
const EVENTS_PATHS = ['/events', '/api/v1/events']

/** Every route of the Worker, and the scope that it requires. */
export const ROUTES: readonly Route<Edge>[] = [
  {
    method: 'POST',
    path: '/increment',
    needs: 'write',
    answer: increment,
    status: 202,
    describe: describeIncrement,
  },
  {
    method: 'POST',
    path: '/records',
    needs: 'write',
    answer: foreign(receiveRecords),
    status: 202,
    describe: describeRecords,
  },
  {
    method: 'POST',
    path: '/v1/metrics',
    needs: 'write',
    answer: foreign(receiveMetrics),
    refuse: refuseMetrics,
    describe: describeOtlp,
  },
  ...EVENTS_PATHS.flatMap((path): Route<Edge>[] => [
    { method: 'POST', path, needs: 'write', answer: foreign(receiveEvents), describe: describeEvents(path) },
    { method: 'OPTIONS', path, needs: 'write', answer: (c) => allowWebHook(c.req.raw) },
  ]),
  { method: 'GET', path: '/counters', needs: 'read', answer: countersOrSeries, describe: describeCounters },
  { method: 'GET', path: '/counters/*', needs: 'read', answer: counterOfPath, describe: describeCounter },
  { method: 'GET', path: '/keys', needs: 'read', answer: keys, describe: describeKeys },
  { method: 'GET', path: '/labels', needs: 'read', answer: labels, describe: describeLabels },
  { method: 'GET', path: '/hours/:hour', needs: 'read', answer: hour, describe: describeHour },
  { method: 'GET', path: '/status', needs: 'read', answer: status, describe: describeStatus },
  { method: 'GET', path: '/metrics', needs: 'read', answer: metricsOf, describe: describeMetrics },
  parked('retry'),
  parked('discard'),
  { method: 'GET', path: '/openapi.json', needs: 'nothing', answer: openApi },
  { method: 'GET', path: '/docs', needs: 'nothing', answer: docs },
  // Each view of the dashboard has a path of its own; the page is the same, and asks for its data.
  { method: 'GET', path: '/', needs: 'nothing', answer: dashboardPage },
  { method: 'GET', path: '/chart', needs: 'nothing', answer: dashboardPage },
  { method: 'GET', path: '/tree', needs: 'nothing', answer: dashboardPage },
  { method: 'GET', path: '/shards', needs: 'nothing', answer: dashboardPage },
  { method: 'GET', path: '/dashboard/:name', needs: 'nothing', answer: dashboardFile },
  { method: 'GET', path: '/session', needs: 'token', answer: (c, { ports }) => readSession(c, ports.config) },
  { method: 'POST', path: '/session', needs: 'read', answer: (c, { ports }) => signIn(c, ports.config) },
  { method: 'DELETE', path: '/session', needs: 'nothing', answer: signOut },
  { method: 'GET', path: '/badge/*', needs: 'nothing', answer: badge },
  { method: 'GET', path: '/hit/*', needs: 'hit', answer: pageView },
  { method: 'POST', path: '/hit/*', needs: 'hit', answer: pageView },
  { method: 'GET', path: '/hit.js', needs: 'nothing', answer: hitScript },
]

/** The table with the hits where HIT_PATH wants them. */
export function routesWithHitsAt(hitPath: string): readonly Route<Edge>[] {
  return ROUTES.map((route) => ({ ...route, path: route.path.replace(/^\/hit(?=[/.])/, hitPath) }))
}

/** The routes of the API, for whoever asked for another: `GET /hours/{hour}`. */
export const API_ROUTES: readonly string[] = ROUTES.flatMap((route) =>
  route.describe === undefined ? [] : [`${route.method} ${openApiPath(route)}`],
)

/** The OpenAPI document of the table, with the address at which it was asked for. */
export const openApiDocument = documentOf(ROUTES)

function callerOf(c: EdgeContext, { ports }: Edge): Caller {
  const keepAlive = (turn: Promise<unknown>) => c.executionCtx.waitUntil(turn)
  return { grant: c.get('grant'), nowMs: ports.clock.now(), keepAlive }
}

/** The query string as it is in the URL, because hono's own reading would repair what must be refused. */
function searchOf(c: EdgeContext): string {
  return new URL(c.req.raw.url).search
}

function increment(c: EdgeContext, edge: Edge): Answer | Promise<Answer> {
  const refused = refuseQuery(c.req.raw.url, TOKEN_PARAMETER)
  if (refused !== undefined) return fail(refused)
  const { api, knownKeys } = edge
  // The time of arrival, which the caller has, is before the body is read. [K1]
  return api.increment((terms) => readIncrements(c.req.raw, knownKeys, terms), callerOf(c, edge))
}

/** The handler of a foreign format. */
function foreign(format: Format) {
  return (c: EdgeContext, edge: Edge): Answer | Promise<Answer> => {
    const caller = callerOf(c, edge)
    const { grant, nowMs } = caller
    const { clock, config } = edge.ports
    const deliver: FormatServices['deliver'] = (name, read) => edge.api.deliver(name, read, caller)
    const { knownSlices, largeBodies } = edge
    const services = { grant, nowMs, clock, meters: config.meters, knownSlices, largeBodies, deliver }
    return format(c.req.raw, services)
  }
}

function pageView(c: EdgeContext, edge: Edge): Promise<Answer> {
  return hit(c, edge.ports.config.hitPath, edge, callerOf(c, edge))
}

async function counters(c: EdgeContext, edge: Edge, keyInPath?: string): Promise<Answer> {
  const answers = await edge.api.read(searchOf(c), callerOf(c, edge), keyInPath)
  if (!answers.ok) return answers
  const [first, ...others] = answers.value
  const value = others.length === 0 && first !== undefined ? first : { items: answers.value }
  return jsonOrCsvResponse(c.req.raw, value, () => tableOfCounters(answers.value))
}

async function countersOrSeries(c: EdgeContext, edge: Edge): Promise<Answer> {
  if (c.req.query('prefix') === undefined) return counters(c, edge)
  const answer = await edge.api.series(searchOf(c), callerOf(c, edge))
  return answer.ok ? jsonOrCsvResponse(c.req.raw, answer.value, () => tableOfSeries(answer.value)) : answer
}

function counterOfPath(c: EdgeContext, edge: Edge): Answer | Promise<Answer> {
  const key = keyOfPath(c.req.raw.url)
  return key.ok ? counters(c, edge, key.value) : key
}

async function keys(c: EdgeContext, edge: Edge): Promise<Answer> {
  const answer = await edge.api.list(searchOf(c), callerOf(c, edge))
  if (!answer.ok) return answer
  return jsonOrCsvResponse(c.req.raw, answer.value, () => tableOfList(answer.value, new URL(c.req.raw.url)))
}

function labels(c: EdgeContext, edge: Edge): Promise<Answer> {
  return edge.api.labels(searchOf(c), callerOf(c, edge))
}

function hour(c: EdgeContext, edge: Edge): Promise<Answer> {
  return edge.api.hour(searchOf(c), c.req.param('hour'), callerOf(c, edge))
}

function status(c: EdgeContext, edge: Edge): Promise<Answer> {
  return edge.api.status(searchOf(c), callerOf(c, edge))
}

function metricsOf(c: EdgeContext, { ports }: Edge): Promise<Answer> {
  return metrics(c, ports)
}

function parked(action: ParkedAction): Route<Edge> {
  return {
    method: 'POST',
    path: `/parked/${action}`,
    needs: 'admin',
    answer: (c, { ports }) => decideParked(c.req.raw, action, c.get('grant'), ports.shards),
    describe: describeParked(action),
  }
}

/** The headers of what is the same for everyone until the next deploy. */
const PUBLIC = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }

function openApi(c: EdgeContext): Answer {
  const document = openApiDocument(new URL(c.req.url).origin)
  return jsonResponse(document, 200, { 'content-type': 'application/json', ...PUBLIC })
}

function docs(c: EdgeContext): Answer | Promise<Answer> {
  const document = openApiDocument(new URL(c.req.url).origin)
  return c.html(docsPage(document), 200, { ...PUBLIC, ...STYLED })
}
