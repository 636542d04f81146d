import type { Problem } from '../model/problem.ts'
import { jsonResponse } from './json.ts'
import { problemResponse } from './problem-response.ts'

/** An answer as JSON, or why there is none. */
export function respond(answer: object | Problem, status = 200): Response {
  return isProblem(answer) ? problemResponse(answer) : jsonResponse(answer, status)
}

export function isProblem(answer: object | Problem): answer is Problem {
  return 'kind' in answer
}
