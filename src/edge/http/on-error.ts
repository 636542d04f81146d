import type { Context } from 'hono'
import { ConfigError } from '../../config.ts'
import { log, tellError, tellReason } from '../../log.ts'
import { reasonOf } from '../coalesce/attempt.ts'
import { withHeaders } from './headers.ts'
import type { Problem } from './problem.ts'
import { problemResponse } from './problem-response.ts'
import { Unavailable } from './timeout.ts'

/** What a handler threw, as an answer. */
export function onError(error: Error, c: Context): Response {
  return withHeaders(problemResponse(URL.canParse(c.req.url) ? problemOf(error) : NO_HOST))
}

/** URLs are made of the Host header, which nothing but a proxy in front has checked. */
const NO_HOST: Problem = { kind: 'invalid_parameter', parameter: 'Host', detail: 'Host makes no URL.' }

/** What was thrown, as a problem, and logged. Only what is nobody's fault, a faulty configuration or a bug is thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Unavailable) {
    log({ message: 'unavailable', detail: error.message, reason: tellReason(reasonOf(error.cause)) })
    return { kind: 'unavailable', detail: error.message }
  }
  if (error instanceof ConfigError) return { kind: 'not_configured', detail: error.message }
  log({ message: 'unexpected', ...tellError(error) })
  return { kind: 'internal' }
}
