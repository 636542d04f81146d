import type { Problem } from './answers.ts'

/** The server did not answer as asked. */
export class SumdialError extends Error {
  /** Of HTTP. */
  readonly status: number
  /** In the server's words; null when it was somebody else who answered. */
  readonly problem: Problem | null

  constructor(status: number, problem: Problem | null) {
    super(problem === null ? `HTTP ${status}, not from Sumdial` : `${problem.title}: ${problem.detail}`)
    this.name = 'SumdialError'
    this.status = status
    this.problem = problem
  }
}
