import { withHeaders } from './headers.ts'
import { jsonResponse } from './json.ts'
import type { Problem } from './problem.ts'
import { problemResponse } from './problem-response.ts'

/** An answer as JSON, or why there is none, with all of its headers. */
export function respond(answer: object | Problem, status = 200): Response {
  return isProblem(answer) ? withHeaders(problemResponse(answer)) : jsonResponse(answer, status)
}

export function isProblem(answer: object | Problem): answer is Problem {
  return 'kind' in answer
}
