import { RETRY_AFTER_MS_MAX } from './limits.ts'
import type { PostAnswer } from './post.ts'

/** The meaning of an answer for the increments of its request. Indexes count from 0 within the request. */
export type Judgement =
  /**
   * All were counted, except those in `conflicts`, whose name was used before with other content. So many of them as
   * `duplicates` says had been counted by an earlier request.
   */
  | { readonly kind: 'counted'; readonly duplicates: number; readonly conflicts: ReadonlySet<number> }
  /** None was counted now. Those in `reasons` never will be; the others may be sent. */
  | { readonly kind: 'bad-items'; readonly reasons: ReadonlyMap<number, string>; readonly status: number }
  /** None was counted now, and none of this request ever will be. */
  | { readonly kind: 'bad-request'; readonly reason: string; readonly status: number }
  /** None was counted now; a smaller request may pass. */
  | { readonly kind: 'too-large'; readonly reason: string }
  /** The request is to be sent again. `refused` were not counted now, `unknown` may have been, all others were. */
  | {
      readonly kind: 'again'
      readonly refused: ReadonlySet<number>
      readonly unknown: ReadonlySet<number>
      /** Null: the server named no time. */
      readonly retryAfterMs: number | null
      readonly reason: string
    }

/**
 * Statuses that prove nothing when a proxy sends them: it may have passed the request on, and not have understood the
 * server's answer. As the server's own problems they are final, except 408, which may come after the request was taken.
 */
const DOUBTFUL: ReadonlySet<number> = new Set([400, 408, 413, 415, 422])

const ID_CONFLICT = 'urn:sumdial:problem:id-conflict'

/**
 * The meaning of an answer to a request with `size` increments; pure. Increments of which nobody can tell whether they
 * were counted may have been. A refusal of the token or of the address is no end: the request is sent again, because
 * somebody may mend that.
 */
export function judge(answer: PostAnswer, size: number, nowMs: number): Judgement {
  if (answer.kind === 'failed') {
    const otherwise = answer.isUnsent === true ? refused : unknownOf
    return otherwise(size, answer.reason, null)
  }
  const { status } = answer
  const reason = explain(answer)
  const retryAfterMs = waitAsked(answer.retryAfter, nowMs)
  if (status === 202) return judgeAccepted(answer.body, size)
  // A browser hides where a redirect leads, and gives it the status 0.
  const isRefusal = status === 0 || (status >= 300 && status < 500 && !DOUBTFUL.has(status))
  const otherwise = isRefusal ? refused(size, reason, retryAfterMs) : unknownOf(size, reason, retryAfterMs)
  return answer.isProblem ? judgeProblem(answer, size, reason, otherwise) : otherwise
}

/** @param otherwise the meaning of this status when anybody else sends it */
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

type Answered = Extract<PostAnswer, { kind: 'answered' }>
type Again = Extract<Judgement, { kind: 'again' }>

function judgeAccepted(body: unknown, size: number): Judgement {
  const { accepted, duplicates, conflicts } = fieldsOf(body)
  const inConflict = indexesOf(conflicts, size)
  const isTold = typeof accepted === 'number' && typeof duplicates === 'number' && inConflict !== undefined
  return isTold && accepted + duplicates + inConflict.size === size
    ? { kind: 'counted', duplicates, conflicts: inConflict }
    : unknownOf(size, '202, but it does not account for each increment', null)
}

function judgeItems({ body, status }: Answered, size: number, reason: string, otherwise: Again): Judgement {
  const { errors, type } = fieldsOf(body)
  if (type === ID_CONFLICT) return { kind: 'counted', duplicates: 0, conflicts: everyOf(size) }
  const reasons = new Map<number, string>()
  for (const error of Array.isArray(errors) ? errors : []) {
    const { index, path, message } = fieldsOf(error)
    if (typeof index !== 'number' || !isIndex(index, size)) continue
    const words = [path, message].filter(isText).join(' ') || reason
    const earlier = reasons.get(index)
    reasons.set(index, earlier === undefined ? words : `${earlier}; ${words}`)
  }
  if (reasons.size > 0) return { kind: 'bad-items', reasons, status }
  // The token may not count at all, and somebody may give it the scope.
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

/** Each of the increments may have been counted. */
export function unknownOf(size: number, reason: string, retryAfterMs: number | null): Again {
  return { kind: 'again', refused: new Set(), unknown: everyOf(size), retryAfterMs, reason }
}

function everyOf(size: number): ReadonlySet<number> {
  return new Set(Array.from({ length: size }, (_, index) => index))
}

function isIndex(index: number, size: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < size
}

/** The indexes as a set; undefined unless each names an increment of the request, and none comes twice. */
function indexesOf(list: unknown, size: number): ReadonlySet<number> | undefined {
  if (!Array.isArray(list)) return undefined
  const set = new Set<number>(list)
  return set.size === list.length && list.every((index) => isIndex(index, size)) ? set : undefined
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? { ...body } : {}
}

/** Milliseconds that Retry-After asks for: it has seconds or a date (RFC 9110, 10.2.3). */
function waitAsked(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX) : null
}

/** Anybody's JSON may have an object where a text belongs, even one that String() cannot convert. */
function isText(part: unknown): part is string {
  return typeof part === 'string' && part !== ''
}

/** The answer in words: the server's own, where it has any. */
function explain({ status, body }: Answered): string {
  const { title, detail } = fieldsOf(body)
  const redirects =
    status === 0 || (status >= 300 && status < 400) ? 'a redirect, which is not followed' : undefined
  const words = [isText(title) ? title : redirects, detail].filter(isText)
  return [...(status === 0 ? [] : [status]), ...words].join(': ')
}
