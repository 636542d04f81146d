import { Hono } from 'hono'
import { type Api, apiOf } from './api.ts'
import { admission } from './http/admission.ts'
import type { EdgeEnv } from './http/context.ts'
import { crossOrigin, standardHeaders } from './http/headers.ts'
import { errorHandler } from './http/on-error.ts'
import type { Problem } from './http/problem.ts'
import { limiter } from './http/rate-limit.ts'
import { addRoutes, nowhere } from './http/router.ts'
import { LargeBodies } from './ingest/delivery/large-bodies.ts'
import { KnownTexts, plainKey } from './ingest/fast-path/known-texts.ts'
import { KnownSlices } from './ingest/formats/otlp/known-slices.ts'
import { isForPerson, noPage } from './pages/no-page.ts'
import type { Ports } from './ports.ts'
import { API_ROUTES, type Edge, routesWithHitsAt } from './routes.ts'

/** The Worker's HTTP interface: the table of routes behind authentication, the rate limit and CORS. */
export function createApp(ports: Ports, api: Api = apiOf(ports)) {
  const { config, clock, log, rateLimit, hitLimit } = ports
  const isWithinLimit = limiter(rateLimit, log)
  const edge: Edge = {
    ports,
    api,
    isWithinLimit,
    isHitWithinLimit: limiter(hitLimit, log),
    knownKeys: new KnownTexts(plainKey),
    knownSlices: new KnownSlices(),
    largeBodies: new LargeBodies(clock),
  }
  const admit = admission(config, clock, isWithinLimit)
  const app = new Hono<EdgeEnv>()
  // Without middleware hono has only one function to call, so there is none where no page may count.
  if (config.allowedOrigins.length > 0) app.use(standardHeaders, crossOrigin(config.allowedOrigins))
  addRoutes(app, admit, edge, routesWithHitsAt(config.hitPath))
  const noRoute: Problem = { kind: 'not_found', missing: { kind: 'route', routes: API_ROUTES } }
  app.notFound(nowhere(admit, noRoute, { isFor: isForPerson, answer: noPage }))
  app.onError(errorHandler(log))
  return app
}
