import type { Hono } from 'hono'
import type { Problem } from '../model/problem.ts'
import type { Admit, Needs } from './access.ts'
import { problemResponse } from './problem-response.ts'
import type { EdgeContext, EdgeEnv } from './services.ts'

type Answer = (c: EdgeContext) => Response | Promise<Response>

/** One line of the table of routes in app.ts: what is asked, the scope that it takes, and who answers. */
export type Route = readonly [method: 'GET' | 'POST', path: string, needs: Needs, answer: Answer]

/** Adds a route for those who have its scope; another method on its path is told which one there is. [S2] */
export function addRoute(app: Hono<EdgeEnv>, admit: Admit, [method, path, needs, answer]: Route): void {
  const detail = `Only ${method} is allowed here.`
  app.on(method, path, admitted(admit, needs, answer))
  app.all(path, refusal(admit, { kind: 'method_not_allowed', allow: method, detail }))
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
