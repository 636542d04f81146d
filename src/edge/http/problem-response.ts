import type { Problem as ProblemDetails } from '../../client/binding.ts'
import { RATE_PERIOD_SECONDS } from '../../limits.ts'
import type { Problem } from './problem.ts'

type Wire = {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly headers?: Readonly<Record<string, string>>
  readonly retryAfterSeconds?: number
  readonly more?: Omit<ProblemDetails, 'type' | 'title' | 'status' | 'detail'>
}

/** A problem as RFC 9457 `application/problem+json`. */
export function problemResponse(problem: Problem): Response {
  const { details, retryAfterSeconds, headers } = describeProblem(problem)
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  return new Response(JSON.stringify(details), {
    status: details.status,
    headers: { 'content-type': 'application/problem+json', ...retryAfter, ...headers },
  })
}

/** A problem as everyone is told of it, over HTTP or not; when the same may be asked again; and HTTP's own headers. */
export function describeProblem(problem: Problem) {
  const { status, title, detail, headers, retryAfterSeconds, more } = wireOf(problem)
  const type = `urn:sumdial:problem:${problem.kind.replaceAll('_', '-')}`
  const details: ProblemDetails = { type, title, status, detail, ...more }
  return { details, retryAfterSeconds, headers }
}

const RETRY_SOON = { retryAfterSeconds: 2 }

function wireOf(problem: Problem): Wire {
  switch (problem.kind) {
    case 'malformed_json':
      return { status: 400, title: 'Malformed JSON', detail: problem.detail }
    case 'unsupported_media_type':
      return { status: 415, title: 'Unsupported media type', detail: problem.detail }
    case 'body_too_large':
      return { status: 413, title: 'Body too large', detail: problem.detail }
    case 'too_many_items':
      return { status: 413, title: 'Too many items', detail: problem.detail }
    case 'invalid_increments':
      return {
        status: 422,
        title: 'Invalid increments',
        detail:
          'Nothing of this request was counted. Correct or remove the items in errors, and send it again.',
        more: { errors: problem.errors },
      }
    case 'invalid_parameter':
      return {
        status: 422,
        title: 'Invalid parameter',
        detail: problem.detail,
        more: { parameter: problem.parameter },
      }
    case 'not_all_counted':
      return {
        status: 503,
        title: 'Not all counted',
        detail: problem.detail,
        more: { refused: problem.refused, unknown: problem.unknown },
        // Only when sending the whole request again cannot count anything twice.
        ...(problem.isWhole ? RETRY_SOON : {}),
      }
    case 'id_conflict':
      return {
        status: 422,
        title: 'Id conflict',
        detail:
          'This id was counted before with other content; this content was not counted. Give each its own id.',
      }
    case 'unavailable':
      return { status: 503, title: 'Unavailable', detail: problem.detail, ...RETRY_SOON }
    case 'closed_to_all':
      return { status: 403, title: 'Closed', detail: problem.detail }
    case 'unauthenticated':
      return unauthenticated(problem.hasToken)
    case 'forbidden':
      return {
        status: 403,
        title: 'Forbidden',
        detail: problem.detail,
        ...(problem.errors === undefined ? {} : { more: { errors: problem.errors } }),
      }
    case 'too_many_requests':
      return {
        status: 429,
        title: 'Too many requests',
        detail:
          'Nothing of this request was done: send it again later, and several increments in one request.',
        retryAfterSeconds: RATE_PERIOD_SECONDS,
      }
    case 'not_configured':
      return { status: 500, title: 'Not configured', detail: problem.detail }
    case 'not_found':
      return { status: 404, title: 'Not found', detail: problem.detail }
    case 'method_not_allowed':
      return {
        status: 405,
        title: 'Method not allowed',
        detail: problem.detail,
        headers: { allow: problem.allow },
      }
    case 'internal':
      return {
        status: 500,
        title: 'Internal error',
        detail: 'This is a bug. The log of the Worker says more.',
      }
  }
}

/** Source of the challenges: RFC 6750, section 3. */
function unauthenticated(hasToken: boolean): Wire {
  return {
    status: 401,
    title: 'Unauthenticated',
    detail: hasToken ? 'The token is not known here.' : 'Send a token: Authorization: Bearer <token>.',
    headers: { 'www-authenticate': `Bearer realm="sumdial"${hasToken ? ', error="invalid_token"' : ''}` },
  }
}
