import type { Hono } from 'hono'
import type { Scope } from '../model/token.ts'
import { problemResponse } from './problem-response.ts'
import type { EdgeContext, EdgeEnv } from './services.ts'

/** One line of the table of routes in app.ts: what is asked, the scope that it takes, and who answers. */
export type Route = readonly [
  method: 'GET' | 'POST',
  path: string,
  scope: Scope,
  answer: (c: EdgeContext) => Response | Promise<Response>,
]

/** Adds a route; another method on its path is told which one there is. */
export function addRoute(app: Hono<EdgeEnv>, [method, path, , answer]: Route): void {
  app.on(method, path, answer)
  app.all(path, () =>
    problemResponse({
      kind: 'method_not_allowed',
      allow: method,
      detail: `Only ${method} is allowed here.`,
    }),
  )
}
