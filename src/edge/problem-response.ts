import type { Problem } from '../model/problem.ts'

type Wire = { status: number; title: string; detail: string; headers?: Record<string, string>; more?: object }

/** A problem as RFC 9457 `application/problem+json`. */
export function problemResponse(problem: Problem): Response {
  const { status, title, detail, headers, more } = wireOf(problem)
  const type = `urn:sumdial:problem:${problem.kind.replaceAll('_', '-')}`
  return new Response(JSON.stringify({ type, title, status, detail, ...more }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
}

const RETRY_SOON = { 'retry-after': '2' }

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
        ...(problem.isWhole ? { headers: RETRY_SOON } : {}),
      }
    case 'id_conflict':
      return {
        status: 422,
        title: 'Id conflict',
        detail:
          'This id was counted before with other content; this content was not counted. Give each its own id.',
      }
    case 'unavailable':
      return { status: 503, title: 'Unavailable', detail: problem.detail, headers: RETRY_SOON }
    case 'closed_to_all':
      return { status: 403, title: 'Closed', detail: problem.detail }
    case 'forbidden':
      return { status: 403, title: 'Forbidden', detail: problem.detail }
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
