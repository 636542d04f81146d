import type { Hono } from 'hono'
import { ADDRESS_CHARACTERS_MAX } from '../../limits.ts'
import type { Result } from '../../model/result.ts'
import { fail } from '../../model/result.ts'
import type { Operation } from '../openapi/parts.ts'
import type { Admit } from './admission.ts'
import type { EdgeContext, EdgeEnv, Needs } from './context.ts'
import { withHeaders } from './headers.ts'
import { jsonResponse } from './json.ts'
import type { Problem } from './problem.ts'
import { problemResponse } from './problem-response.ts'

/** The answer of a handler: a Response of its own, a value that leaves as JSON, or a Problem. */
export type Answer = Response | Result<object, Problem>

/** One row of the table of routes. `World` is what its handlers work with. */
export type Route<World> = {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS'
  /** As hono has it: `/hours/:hour`, `/counters/*`. */
  readonly path: string
  readonly needs: Needs
  readonly answer: (c: EdgeContext, world: World) => Answer | Promise<Answer>
  /** The status of a JSON answer, 200 by default. */
  readonly status?: number
  /** Words problems as the route's clients expect them; RFC 9457 by default. */
  readonly refuse?: (problem: Problem, request: Request) => Response
  /** How the OpenAPI document describes the route; it has none of those for people alone. */
  readonly describe?: Operation
}

type Handler = (c: EdgeContext) => Promise<Response>

type Handled = (c: EdgeContext) => Answer | Promise<Answer>

/**
 * Adds routes, each for requests that have its scope; a path that is called by another method answers which methods it
 * has. [S2] Each path has one handler for all of its methods, because where several match, hono strings them together
 * at each request.
 */
export function addRoutes<World>(
  app: Hono<EdgeEnv>,
  admit: Admit,
  world: World,
  routes: readonly Route<World>[],
): void {
  for (const [path, own] of Map.groupBy(routes, (route) => route.path)) {
    const handlers = new Map<string, Handler>(
      own.map(({ method, needs, answer, status, refuse }) => {
        return [method, admitted(admit, needs, (c) => answer(c, world), status, refuse)]
      }),
    )
    const refuse = refusal(admit, { kind: 'method_not_allowed', allowed: own.map(({ method }) => method) })
    app.all(path, (c) => (handlers.get(methodOf(c)) ?? refuse)(c))
  }
}

/** The method, where a HEAD is a GET whose body hono leaves out. */
function methodOf({ req: { method } }: EdgeContext): string {
  return method === 'HEAD' ? 'GET' : method
}

/** Answers what is at no route: a person who looks for a page gets one, and whoever else asks gets a problem. */
export function nowhere(
  admit: Admit,
  problem: Problem,
  page: { readonly isFor: (request: Request) => boolean; readonly answer: Handled },
): Handler {
  const [ofPage, ofApi] = [admitted(admit, 'nothing', page.answer), refusal(admit, problem)]
  return (c) => (page.isFor(c.req.raw) ? ofPage : ofApi)(c)
}

/** Answers with a problem, for requests with a token only: others are not told which routes there are. [S1] */
function refusal(admit: Admit, problem: Problem): Handler {
  return admitted(admit, 'token', () => fail(problem))
}

function tooLong(characters: number): Problem {
  return { kind: 'address_too_long', characters, charactersMax: ADDRESS_CHARACTERS_MAX }
}

function admitted(
  admit: Admit,
  needs: Needs,
  answer: Handled,
  status = 200,
  refuse: (problem: Problem, request: Request) => Response = problemResponse,
): Handler {
  return async (c) => {
    const refused = await admit(c, needs)
    if (refused !== undefined) return refuse(refused, c.req.raw)
    const { length } = c.req.url
    if (length > ADDRESS_CHARACTERS_MAX) return refuse(tooLong(length), c.req.raw)
    const answered = await answer(c)
    if (answered instanceof Response) return withHeaders(answered)
    return answered.ok ? jsonResponse(answered.value, status) : refuse(answered.error, c.req.raw)
  }
}
