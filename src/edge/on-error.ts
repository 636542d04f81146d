import type { Context } from 'hono'
import { ConfigError } from '../config.ts'
import type { Problem } from '../model/problem.ts'
import { problemResponse } from './problem-response.ts'
import { Unavailable } from './within.ts'

/** What a handler threw, as an answer. */
export function onError(error: Error, c: Context): Response {
  // Made of the Host header, which nothing but a proxy in front has checked.
  if (!URL.canParse(c.req.url)) {
    return problemResponse({ kind: 'invalid_parameter', parameter: 'Host', detail: 'Host makes no URL.' })
  }
  return problemResponse(problemOf(error))
}

/** What was thrown, as a problem, and logged. Only what is nobody's fault, a faulty configuration or a bug is thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Unavailable) {
    const reason = error.cause instanceof Error ? error.cause.message.slice(0, 200) : 'unknown'
    console.warn({ message: 'unavailable', detail: error.message, reason })
    return { kind: 'unavailable', detail: error.message }
  }
  if (error instanceof ConfigError) return { kind: 'not_configured', detail: error.message }
  const { name, at } =
    error instanceof Error ? { name: error.name, at: framesOf(error) } : { name: typeof error, at: [] }
  console.error({ message: 'unexpected', error: name, at })
  return { kind: 'internal' }
}

/** Where it was thrown, without its message: what could not be parsed or checked is often quoted there. */
function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').flatMap((line) => (/^ +at /.test(line) ? [line.trim()] : []))
}
