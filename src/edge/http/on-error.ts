import type { Context } from 'hono'
import { ConfigError } from '../../config.ts'
import type { Log } from '../../log.ts'
import { describeError, describeReason } from '../../log.ts'
import { TooSlow } from '../../model/read.ts'
import { NoDatabase } from '../no-database.ts'
import { reasonOf, Unavailable } from '../timeout.ts'
import type { Problem } from './problem.ts'
import { problemResponse } from './problem-response.ts'
import { describeProblem } from './problem-words.ts'

/** Answers a request whose handler threw. */
export function errorHandler(log: Log) {
  return (error: Error, c: Context): Response =>
    problemResponse(URL.canParse(c.req.url) ? problemOf(error, log) : NO_HOST)
}

/** The runtime makes URLs from the Host header, which only a proxy in front may have checked. */
const NO_HOST: Problem = { kind: 'invalid_parameter', parameter: 'Host', fault: 'must be the name of a host' }

/**
 * The problem that a thrown error stands for, after it was logged. Handlers throw only when a shard or Postgres cannot
 * be asked, when the configuration is faulty, and for bugs.
 */
export function problemOf(error: unknown, log: Log): Problem {
  if (error instanceof Unavailable || error instanceof TooSlow) {
    const problem: Problem =
      error instanceof TooSlow
        ? { kind: 'too_slow', read: error.read }
        : { kind: 'unavailable', source: error.source }
    const { detail } = describeProblem(problem).details
    log({ message: 'unavailable', detail, reason: describeReason(reasonOf(error.cause)) })
    return problem
  }
  if (error instanceof NoDatabase) return { kind: 'no_database' }
  if (error instanceof ConfigError) {
    log({ message: 'not configured', detail: error.message })
    return { kind: 'not_configured', where: 'worker', faults: error.faults }
  }
  log({ message: 'unexpected', ...describeError(error) })
  return { kind: 'internal' }
}
