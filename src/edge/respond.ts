import type { Problem } from '../model/problem.ts'
import { withHeaders } from './headers.ts'
import { jsonResponse } from './json.ts'
import { problemResponse } from './problem-response.ts'

/** An answer as JSON, or why there is none, with all of its headers. */
export function respond(answer: object | Problem, status = 200): Response {
  return isProblem(answer) ? withHeaders(problemResponse(answer)) : jsonResponse(answer, status)
}

export function isProblem(answer: object | Problem): answer is Problem {
  return 'kind' in answer
}
