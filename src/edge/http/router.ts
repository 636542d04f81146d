import type { Hono } from 'hono'
import type { Admit } from './access.ts'
import type { EdgeContext, EdgeEnv, Needs } from './context.ts'
import { withHeaders } from './headers.ts'
import type { Problem } from './problem.ts'
import { respond } from './respond.ts'

/** What becomes the answer: a Response of its own, what is told as JSON, or a Problem. */
type Answer = (c: EdgeContext) => object | Promise<object>

type Handler = (c: EdgeContext) => Promise<Response>

/**
 * One line of the table of routes in app.ts: what is asked, the scope that it takes, who answers, and the status of
 * what is told as JSON, 200 if it does not say.
 */
export type Route = readonly [
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  needs: Needs,
  answer: Answer,
  status?: number,
]

/**
 * Adds routes, each for those who have its scope; another method on a path is told which there are. [S2] A path has
 * one handler for all of its methods: where several match, hono strings them together at each request.
 */
export function addRoutes(app: Hono<EdgeEnv>, admit: Admit, routes: readonly Route[]): void {
  for (const [path, own] of Map.groupBy(routes, ([, each]) => each)) {
    const handlers = new Map<string, Handler>(
      own.map(([method, , needs, answer, status]) => [method, admitted(admit, needs, answer, status)]),
    )
    const allow = own.map(([method]) => method).join(', ')
    const detail = `Only ${allow} is allowed here.`
    const refuse = refusal(admit, { kind: 'method_not_allowed', allow, detail })
    app.all(path, (c) => (handlers.get(methodOf(c)) ?? refuse)(c))
  }
}

/** A HEAD is a GET whose body hono leaves out. */
function methodOf({ req: { method } }: EdgeContext): string {
  return method === 'HEAD' ? 'GET' : method
}

/** What there is to ask for is told to those who have a token. [S1] */
export function refusal(admit: Admit, problem: Problem): Handler {
  return admitted(admit, 'token', () => problem)
}

function admitted(admit: Admit, needs: Needs, answer: Answer, status = 200): Handler {
  return async (c) => {
    const told = (await admit(c, needs)) ?? (await answer(c))
    return told instanceof Response ? withHeaders(told) : respond(told, status)
  }
}
