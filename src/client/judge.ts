import { RETRY_AFTER_MS_MAX } from './limits.ts'
import type { Answer } from './post.ts'

/** What an answer says about the increments of its request; indexes count from 0 within the request. */
export type Judgement =
  /** All were counted, now or earlier, but for those whose name came before with other content. */
  | { readonly kind: 'counted'; readonly conflicts: ReadonlySet<number> }
  /** None was counted now. These never will be; the others may be sent. */
  | { readonly kind: 'bad-items'; readonly reasons: ReadonlyMap<number, string>; readonly status: number }
  /** None was counted now, and none of this request will be. */
  | { readonly kind: 'bad-request'; readonly reason: string; readonly status: number }
  /** None was counted now; a smaller request may pass. */
  | { readonly kind: 'too-large'; readonly reason: string }
  /** To be sent again. `refused` were not counted now, `unknown` may have been, all others were. */
  | {
      readonly kind: 'again'
      readonly refused: ReadonlySet<number>
      readonly unknown: ReadonlySet<number>
      /** Null: the server named no time. */
      readonly retryAfterMs: number | null
      readonly reason: string
    }

/**
 * What a proxy may say of itself, or of an answer that it did not understand, after the server had the request;
 * and 408, which may come after it was taken. As the server's own problems they are final, but for 408.
 */
const DOUBTFUL: ReadonlySet<number> = new Set([400, 408, 413, 415, 422])

const ID_CONFLICT = 'urn:sumdial:problem:id-conflict'

/**
 * Pure: what the answer to a request with `size` increments means. Where it cannot be told whether they were counted
 * they may have been; what is refused for whom it comes from, or where it was sent to, is sent again, for that
 * somebody may mend.
 */
export function judge(answer: Answer, size: number, nowMs: number): Judgement {
  if (answer.kind === 'failed') return unknownOf(size, answer.reason, null)
  const { status } = answer
  const reason = explain(answer)
  const retryAfterMs = waitAsked(answer.retryAfter, nowMs)
  if (status === 202) return judgeAccepted(answer.body, size)
  // A browser hides where a redirect leads, and gives it the status 0.
  const isRefusal = status === 0 || (status >= 300 && status < 500 && !DOUBTFUL.has(status))
  const otherwise = isRefusal ? refused(size, reason, retryAfterMs) : unknownOf(size, reason, retryAfterMs)
  return answer.isProblem ? judgeProblem(answer, size, reason, otherwise) : otherwise
}

/** @param otherwise what the same status means from anybody. */
function judgeProblem(answer: Answered, size: number, reason: string, otherwise: Again): Judgement {
  const { status } = answer
  switch (status) {
    case 400:
    case 415:
      return { kind: 'bad-request', reason, status }
    case 413:
      return { kind: 'too-large', reason }
    case 403:
    case 422:
      return judgeItems(answer, size, reason, otherwise)
    case 503:
      return judgeUnavailable(answer, size, otherwise)
    default:
      return otherwise
  }
}

type Answered = Extract<Answer, { kind: 'answered' }>
type Again = Extract<Judgement, { kind: 'again' }>

function judgeAccepted(body: unknown, size: number): Judgement {
  const { accepted, duplicates, conflicts } = fieldsOf(body)
  const inConflict = indexesOf(conflicts, size)
  const isTold = typeof accepted === 'number' && typeof duplicates === 'number' && inConflict !== undefined
  return isTold && accepted + duplicates + inConflict.size === size
    ? { kind: 'counted', conflicts: inConflict }
    : unknownOf(size, '202, but without acknowledging each increment', null)
}

function judgeItems({ body, status }: Answered, size: number, reason: string, otherwise: Again): Judgement {
  const { errors, type } = fieldsOf(body)
  if (type === ID_CONFLICT) return { kind: 'counted', conflicts: everyOf(size) }
  const reasons = new Map<number, string>()
  for (const error of Array.isArray(errors) ? errors : []) {
    const { index, path, message } = fieldsOf(error)
    if (typeof index !== 'number' || !isIndex(index, size)) continue
    const words = [path, message].filter(isText).join(' ') || reason
    const earlier = reasons.get(index)
    reasons.set(index, earlier === undefined ? words : `${earlier}; ${words}`)
  }
  if (reasons.size > 0) return { kind: 'bad-items', reasons, status }
  // The token may not count at all: another scope may be given to it.
  return status === 403 ? otherwise : { kind: 'bad-request', reason, status }
}

function judgeUnavailable({ body }: Answered, size: number, otherwise: Again): Judgement {
  const fields = fieldsOf(body)
  const [no, maybe] = [indexesOf(fields['refused'], size), indexesOf(fields['unknown'], size)]
  const isTold = no !== undefined && maybe !== undefined && no.size + maybe.size > 0
  return isTold ? { ...otherwise, refused: no, unknown: maybe } : otherwise
}

function refused(size: number, reason: string, retryAfterMs: number | null): Again {
  return { kind: 'again', refused: everyOf(size), unknown: new Set(), retryAfterMs, reason }
}

/** All of it may have been counted. */
export function unknownOf(size: number, reason: string, retryAfterMs: number | null): Again {
  return { kind: 'again', refused: new Set(), unknown: everyOf(size), retryAfterMs, reason }
}

function everyOf(size: number): ReadonlySet<number> {
  return new Set(Array.from({ length: size }, (_, index) => index))
}

function isIndex(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size
}

/** Undefined unless each names one of the request's increments, and none twice. */
function indexesOf(list: unknown, size: number): ReadonlySet<number> | undefined {
  if (!Array.isArray(list)) return undefined
  const set = new Set<number>(list)
  return set.size === list.length && list.every((index) => isIndex(index, size)) ? set : undefined
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function waitAsked(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX) : null
}

/** JSON from anywhere may have an object where a text belongs, and one that cannot even be made a text. */
function isText(part: unknown): part is string {
  return typeof part === 'string' && part !== ''
}

/** The server's own words, where it has any. */
function explain({ status, body }: Answered): string {
  const { title, detail } = fieldsOf(body)
  const redirects =
    status === 0 || (status >= 300 && status < 400) ? 'a redirect, which is not followed' : undefined
  const words = [isText(title) ? title : redirects, detail].filter(isText)
  return [...(status === 0 ? [] : [status]), ...words].join(': ')
}
