import type { Hono } from 'hono'
import type { Problem } from '../model/problem.ts'
import type { Admit, Needs } from './access.ts'
import { problemResponse } from './problem-response.ts'
import type { EdgeContext, EdgeEnv } from './services.ts'

type Answer = (c: EdgeContext) => Response | Promise<Response>

/** One line of the table of routes in app.ts: what is asked, the scope that it takes, and who answers. */
export type Route = readonly [method: 'GET' | 'POST' | 'DELETE', path: string, needs: Needs, answer: Answer]

/** Adds routes, each for those who have its scope; another method on a path is told which there are. [S2] */
export function addRoutes(app: Hono<EdgeEnv>, admit: Admit, routes: readonly Route[]): void {
  for (const [path, own] of Map.groupBy(routes, ([, each]) => each)) {
    for (const [method, , needs, answer] of own) app.on(method, path, admitted(admit, needs, answer))
    const allow = own.map(([method]) => method).join(', ')
    const detail = `Only ${allow} is allowed here.`
    app.all(path, refusal(admit, { kind: 'method_not_allowed', allow, detail }))
  }
}

/** What there is to ask for is told to those who have a token. [S1] */
export function refusal(admit: Admit, problem: Problem): Answer {
  return admitted(admit, 'token', () => problemResponse(problem))
}

function admitted(admit: Admit, needs: Needs, answer: Answer): Answer {
  return async (c) => {
    const problem = await admit(c, needs)
    return problem === undefined ? answer(c) : problemResponse(problem)
  }
}
