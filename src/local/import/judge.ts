import { z } from 'zod'
import type { Answer } from './post.ts'

/** What an answer says about the increments of its request; indexes count from 0 within the request. */
export type Judgement =
  /** All were counted, now or earlier (`duplicates`), but for the conflicts, which were not. */
  | { readonly kind: 'counted'; readonly duplicates: number; readonly conflicts: readonly number[] }
  /** None was counted. These never will be; the others may be sent again. */
  | { readonly kind: 'bad-items'; readonly reasons: ReadonlyMap<number, string> }
  /** None was counted, and none of this request will be. */
  | { readonly kind: 'bad-request'; readonly reason: string }
  /** None was counted; a smaller request may pass. */
  | { readonly kind: 'too-large' }
  /** `refused` were not counted, `unknown` may have been, all others were. */
  | {
      readonly kind: 'partly'
      readonly refused: readonly number[]
      readonly unknown: readonly number[]
      /** Null: the server named no time. */
      readonly retryAfterMs: number | null
      readonly reason: string
    }
  /** Nobody was there. None was counted. */
  | { readonly kind: 'unreached'; readonly reason: string }
  /** None was counted, and it would go the same way for every other request. */
  | { readonly kind: 'stop'; readonly reason: string }

const index = z.int().nonnegative()
const Accepted = z.object({
  accepted: index,
  duplicates: index.default(0),
  conflicts: z.array(index).default([]),
})
const ItemErrors = z.object({ errors: z.array(z.object({ index, path: z.unknown(), message: z.string() })) })
const Partly = z.object({ refused: z.array(index).default([]), unknown: z.array(index).default([]) })
const Problem = z.object({ title: z.string().optional(), detail: z.string().optional() })

/**
 * Pure: what the answer to a request with `size` increments means.
 *
 * Where it cannot be told whether they were counted, they are unknown: counting them again is the one
 * mistake that no later look at the sums would find.
 */
export function judge(answer: Answer, size: number, nowMs: number): Judgement {
  if (answer.kind === 'failed')
    return answer.neverConnected ? { kind: 'unreached', reason: answer.reason } : unknown(size, answer.reason)
  const { status, isProblem } = answer
  const reason = explain(answer)
  if (status === 202) return judgeAccepted(answer.body, size)
  if (status === 413) return { kind: 'too-large' }
  if (status === 422) return judgeItems(answer.body, size, reason)
  if (status === 429) return partly(everyOf(size), [], answer.retryAfter, nowMs, reason)
  // A gateway's 503 may follow a request that arrived, so only this service's own is read.
  if (status === 503 && isProblem) return judgeUnavailable(answer, size, nowMs, reason)
  if (status >= 300 && status < 500) return { kind: 'stop', reason }
  return unknown(size, reason)
}

function judgeAccepted(body: unknown, size: number): Judgement {
  const { data } = Accepted.safeParse(body)
  const known = data === undefined ? 0 : data.accepted + data.duplicates + data.conflicts.length
  if (data === undefined || known !== size || !areIndexes(data.conflicts, size))
    return unknown(size, `202, but acknowledging ${known} of ${size}`)
  return { kind: 'counted', duplicates: data.duplicates, conflicts: data.conflicts }
}

function judgeItems(body: unknown, size: number, reason: string): Judgement {
  const errors = ItemErrors.safeParse(body).data?.errors.filter((error) => error.index < size) ?? []
  if (errors.length === 0) return { kind: 'bad-request', reason }
  const reasons = new Map<number, string>()
  for (const error of errors) {
    const path = Array.isArray(error.path) ? error.path.join('.') : String(error.path ?? '')
    const message = path === '' ? error.message : `${path}: ${error.message}`
    const earlier = reasons.get(error.index)
    reasons.set(error.index, earlier === undefined ? message : `${earlier}; ${message}`)
  }
  return { kind: 'bad-items', reasons }
}

type Answered = Extract<Answer, { kind: 'answered' }>

function judgeUnavailable(answer: Answered, size: number, nowMs: number, reason: string): Judgement {
  const { data } = Partly.safeParse(answer.body)
  if (data === undefined) return unknown(size, reason)
  const { refused, unknown: mayBe } = data
  // Without lists nothing is told of single items; Retry-After says that sending all of them again is safe.
  if (refused.length + mayBe.length === 0)
    return answer.retryAfter === null
      ? unknown(size, reason)
      : partly(everyOf(size), [], answer.retryAfter, nowMs, reason)
  return areIndexes([...refused, ...mayBe], size)
    ? partly(refused, mayBe, answer.retryAfter, nowMs, reason)
    : unknown(size, `${reason} (it names increments that were not sent)`)
}

/** Each names one of the `size` increments, and none twice. */
function areIndexes(indexes: readonly number[], size: number): boolean {
  return indexes.every((index) => index < size) && new Set(indexes).size === indexes.length
}

function everyOf(size: number): number[] {
  return Array.from({ length: size }, (_, index) => index)
}

function unknown(size: number, reason: string): Judgement {
  return { kind: 'partly', refused: [], unknown: everyOf(size), retryAfterMs: null, reason }
}

function partly(
  refused: readonly number[],
  mayBe: readonly number[],
  retryAfter: string | null,
  nowMs: number,
  reason: string,
): Judgement {
  return { kind: 'partly', refused, unknown: mayBe, retryAfterMs: retryAfterMs(retryAfter, nowMs), reason }
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : null
}

/** The server's own words, where it has any. */
function explain(answer: Answered): string {
  if (answer.location !== null && answer.status < 400)
    return `${answer.status}: it redirects to ${answer.location} (give that as --url)`
  const problem = Problem.safeParse(answer.body).data
  const words = [problem?.title, problem?.detail].filter((part) => part !== undefined)
  if (words.length === 0 && typeof answer.body === 'string' && answer.body !== '')
    return `${answer.status} ${answer.body}`
  return [String(answer.status), ...words].join(': ')
}
