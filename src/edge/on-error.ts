import type { Context } from 'hono'
import { problemResponse } from './problem-response.ts'
import { Unavailable } from './within.ts'

/** What a handler threw, as an answer. Only what is nobody's fault, or a bug, is thrown. */
export function onError(error: Error, c: Context): Response {
  // Made of the Host header, which nothing but a proxy in front has checked.
  if (!URL.canParse(c.req.url)) {
    return problemResponse({ kind: 'invalid_parameter', parameter: 'Host', detail: 'Host makes no URL.' })
  }
  if (error instanceof Unavailable) {
    const reason = error.cause instanceof Error ? error.cause.message.slice(0, 200) : 'unknown'
    console.warn({ message: 'unavailable', detail: error.message, reason })
    return problemResponse({ kind: 'unavailable', detail: error.message })
  }
  console.error({ message: 'unexpected', error: error.name, at: framesOf(error) })
  return problemResponse({ kind: 'internal' })
}

/** Where it was thrown, without its message: what could not be parsed or checked is often quoted there. */
function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').flatMap((line) => (/^ +at /.test(line) ? [line.trim()] : []))
}
