import type { Context } from 'hono'
import { log } from '../log.ts'
import { tellError, tellReason } from '../model/log-line.ts'
import { reasonOf } from './attempt.ts'
import { problemResponse } from './problem-response.ts'
import { Unavailable } from './within.ts'

/** What a handler threw, as an answer. Only what is nobody's fault, or a bug, is thrown. */
export function onError(error: Error, c: Context): Response {
  // Made of the Host header, which nothing but a proxy in front has checked.
  if (!URL.canParse(c.req.url)) {
    return problemResponse({ kind: 'invalid_parameter', parameter: 'Host', detail: 'Host makes no URL.' })
  }
  if (error instanceof Unavailable) {
    log({ message: 'unavailable', detail: error.message, reason: tellReason(reasonOf(error.cause)) })
    return problemResponse({ kind: 'unavailable', detail: error.message })
  }
  log({ message: 'unexpected', ...tellError(error) })
  return problemResponse({ kind: 'internal' })
}
