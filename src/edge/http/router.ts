import type { Hono } from 'hono'
import type { Result } from '../../model/result.ts'
import { fail } from '../../model/result.ts'
import type { Admit } from './access.ts'
import type { EdgeContext, EdgeEnv, Needs } from './context.ts'
import { withHeaders } from './headers.ts'
import { jsonResponse } from './json.ts'
import type { Problem } from './problem.ts'
import { problemResponse } from './problem-response.ts'

/** What a handler returns: a Response of its own, or a value that leaves as JSON, or a Problem. */
export type Answer = Response | Result<object, Problem>

type Handler = (c: EdgeContext) => Promise<Response>

/**
 * One row of the table of routes in app.ts: a method and path, the scope that a request needs, the handler, and the
 * status of a JSON answer, 200 by default.
 */
export type Route = readonly [
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  needs: Needs,
  answer: (c: EdgeContext) => Answer | Promise<Answer>,
  status?: number,
]

/**
 * Adds routes, each for requests that have its scope; a path that is called by another method answers which methods it
 * has. [S2] Each path has one handler for all of its methods, because where several match, hono strings them together
 * at each request.
 */
export function addRoutes(app: Hono<EdgeEnv>, admit: Admit, routes: readonly Route[]): void {
  for (const [path, own] of Map.groupBy(routes, ([, each]) => each)) {
    const handlers = new Map<string, Handler>(
      own.map(([method, , needs, answer, status]) => [method, admitted(admit, needs, answer, status)]),
    )
    const refuse = refusal(admit, { kind: 'method_not_allowed', allowed: own.map(([method]) => method) })
    app.all(path, (c) => (handlers.get(methodOf(c)) ?? refuse)(c))
  }
}

/** The method, where a HEAD is a GET whose body hono leaves out. */
function methodOf({ req: { method } }: EdgeContext): string {
  return method === 'HEAD' ? 'GET' : method
}

/** Answers with a problem, for requests with a token only: others are not told which routes there are. [S1] */
export function refusal(admit: Admit, problem: Problem): Handler {
  return admitted(admit, 'token', () => fail(problem))
}

function admitted(admit: Admit, needs: Needs, answer: Route[3], status = 200): Handler {
  return async (c) => {
    const refused = await admit(c, needs)
    if (refused !== undefined) return problemResponse(refused)
    const answered = await answer(c)
    if (answered instanceof Response) return withHeaders(answered)
    return answered.ok ? jsonResponse(answered.value, status) : problemResponse(answered.error)
  }
}
