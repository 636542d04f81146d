import type { Problem } from '../answers.ts'

/** The server answered with an error, or somebody else answered in its place. */
export class SumdialError extends Error {
  /** The HTTP status. */
  readonly status: number
  /** The server's error; null when somebody else answered, such as a proxy. */
  readonly problem: Problem | null

  constructor(status: number, problem: Problem | null) {
    super(problem === null ? `HTTP ${status}, not from Sumdial` : `${problem.title}: ${problem.detail}`)
    this.name = 'SumdialError'
    this.status = status
    this.problem = problem
  }
}
