import type { Problem as ProblemDetails } from '../../client/binding.ts'
import type { ReadKind, UnreadableRow } from '../../model/read.ts'
import { bodyFault, deliveryWire } from './delivery-words.ts'
import { errorsAndMore, limitWords } from './limit-words.ts'
import type { Missing, ParameterFault, Problem, Source } from './problem.ts'
import { RETRY_SOON, type Wire } from './wire.ts'

/** A problem in words, for HTTP and for bindings; after how many seconds to try again; and headers for HTTP alone. */
export function describeProblem(problem: Problem) {
  const { status, title, detail, headers, retryAfterSeconds, more } = wireOf(problem)
  const type = `urn:sumdial:problem:${problem.kind.replaceAll('_', '-')}`
  const details: ProblemDetails = { type, title, status, detail, ...more }
  return { details, retryAfterSeconds, headers }
}

function wireOf(problem: Problem): Wire {
  switch (problem.kind) {
    case 'malformed_json':
      return { status: 400, title: 'Malformed JSON', detail: bodyFault(problem.fault) }
    case 'unsupported_media_type':
      return {
        status: 415,
        title: 'Unsupported media type',
        detail: wantedTypes(problem.wanted) ?? MEDIA_TYPES[problem.header],
        // Source: RFC 9110, 15.5.16.
        ...(problem.header === 'Content-Encoding'
          ? { headers: { 'accept-encoding': 'gzip, identity' } }
          : {}),
      }
    case 'body_too_large':
      return {
        status: 413,
        title: 'Body too large',
        detail: `A body may have at most ${problem.bytesMax} bytes. Send several requests.`,
      }
    case 'too_many_items':
      return {
        status: 413,
        title: 'Too many items',
        detail: `This request has ${problem.items} items, and at most ${problem.itemsMax} are allowed. Send several requests.`,
      }
    case 'address_too_long':
      return {
        status: 414,
        title: 'Address too long',
        detail:
          `This address has ${problem.characters} characters, and at most ${problem.charactersMax} are allowed. ` +
          'Ask for fewer keys in each request.',
      }
    case 'too_many_shards':
      return {
        status: 413,
        title: 'Too many shards',
        detail:
          `These increments go to ${problem.shards} shards, and one request may write to ${problem.shardsMax}. ` +
          'Send several requests, each with increments of fewer hours. Nothing was counted.',
      }
    case 'invalid_increments':
      return {
        status: 422,
        title: 'Invalid increments',
        detail:
          'Nothing was counted. Correct or remove the items in `errors`' +
          `${problem.more === 0 ? '' : `, and ${problem.more} more that are bad too`}, and send the request again.`,
        more: errorsAndMore(problem.errors, problem.more),
      }
    case 'invalid_parameter':
      return {
        status: 422,
        title: 'Invalid parameter',
        detail: `\`${problem.parameter}\` ${parameterFault(problem.fault)}.`,
        more: { parameter: problem.parameter },
      }
    case 'not_all_counted':
      return {
        status: 503,
        title: 'Not all counted',
        detail:
          'Items in `refused` were not counted: send them again. Items in `unknown` may have been counted: send ' +
          'them again only with the same ids or Idempotency-Key. All other items were counted. ' +
          `Reason: ${problem.reasons.join('; ')}.`,
        more: { refused: problem.refused, unknown: problem.unknown },
        ...(problem.canRepeat ? RETRY_SOON : {}),
      }
    case 'id_conflict':
      return {
        status: 422,
        title: 'Id conflict',
        detail:
          'This id or Idempotency-Key was already used with different content, so nothing was counted. Use a new one.',
      }
    case 'unavailable':
      return { status: 503, title: 'Unavailable', detail: UNAVAILABLE[problem.source], ...RETRY_SOON }
    case 'too_slow':
      return { status: 503, title: 'Too slow', detail: tooSlow(problem.read) }
    case 'unreadable_rows':
      return {
        status: 500,
        title: 'Unreadable row',
        detail: unreadableRows(problem.rows),
        more: { rows: problem.rows },
      }
    case 'no_database':
      return { status: 503, title: 'No database', detail: NO_DATABASE_WORDS }
    case 'closed_to_all':
      return { status: 403, title: 'Closed', detail: CLOSED }
    case 'unauthenticated':
      return unauthenticated(problem.token)
    case 'forbidden':
      return { status: 403, title: 'Forbidden', ...limitWords(problem.limit) }
    case 'too_many_requests':
      return {
        status: 429,
        title: 'Too many requests',
        detail: 'Nothing was done. Try again later, and send several increments in one request.',
        retryAfterSeconds: problem.retryAfterSeconds,
      }
    case 'not_configured':
      return {
        status: 500,
        title: 'Not configured',
        detail: `${CONFIGURED[problem.where]} has faults: ${problem.faults.join('; ')}.`,
      }
    case 'not_found':
      return { status: 404, title: 'Not found', detail: missing(problem.missing) }
    case 'method_not_allowed':
      return {
        status: 405,
        title: 'Method not allowed',
        detail: `Use ${problem.allowed.join(' or ')} here.`,
        headers: { allow: problem.allowed.join(', ') },
      }
    case 'unreadable':
    case 'not_metrics':
    case 'no_meter':
    case 'records_refused':
    case 'too_much':
    case 'busy':
    case 'delivery_not_counted':
      return deliveryWire(problem)
    case 'internal':
      return {
        status: 500,
        title: 'Internal error',
        detail: "This is a bug in Sumdial. Look for `unexpected` in the Worker's log.",
      }
  }
}

function tooSlow(read: ReadKind): string {
  const cause = 'Days that are not rolled up yet are read hour by hour: `npm run rollup` makes them.'
  return `Postgres takes too long for this. ${ASK_INSTEAD[read]} ${cause}`
}

const ASK_INSTEAD: Record<ReadKind, string> = {
  list: 'Ask for fewer hours or a longer `prefix`.',
  search: 'It looks at each key for the text that it must contain: ask for fewer hours or a longer `prefix`.',
  keys: 'Ask for fewer hours or fewer keys.',
  prefix: 'Ask for fewer hours, a longer `prefix` or a larger `bucket`.',
  groups: 'Ask for fewer hours, a longer `prefix` or fewer keys.',
  labels: 'Ask for fewer hours, a longer `prefix` or one `key`.',
}

const MEDIA_TYPES = {
  'Content-Encoding': 'Send the body compressed by gzip, or uncompressed without a Content-Encoding header.',
  'Content-Type': 'Send Content-Type `application/json` or `application/x-ndjson`, in UTF-8.',
}

function wantedTypes(types: readonly string[] | undefined): string | undefined {
  return types && `Send Content-Type ${types.map((type) => `\`${type}\``).join(' or ')}.`
}

function parameterFault(fault: ParameterFault): string {
  if (typeof fault === 'string') return fault
  const { asked, unit, max } = fault
  const remedy = unit === 'buckets' ? 'a shorter range or a larger bucket' : 'fewer hours'
  return `asks for ${asked} ${unit}, and one answer has at most ${max}: ask for ${remedy}`
}

function unreadableRows(rows: readonly UnreadableRow[]): string {
  const named = rows.map(({ key, hour }) => `\`${key}\` at ${hour}`).join(', ')
  return (
    `Somebody changed rows of sumdial.counters or sumdial.days by SQL to what is no whole number, or too large: ${named}. ` +
    'Correct or delete them in Postgres. Trying again does not help; other keys and hours can be read.'
  )
}

const UNAVAILABLE: Readonly<Record<Source, string>> = {
  shard: 'A shard did not answer. Try again in a few seconds.',
  postgres: 'Postgres did not answer. Try again in a few seconds.',
  shard_or_postgres: 'A shard or Postgres did not answer in time. Try again in a few seconds.',
  flushes: 'New data reached Postgres at every try of this read. Try again.',
}

/** Source of the challenges: RFC 6750, section 3. */
function unauthenticated(token: Extract<Problem, { kind: 'unauthenticated' }>['token']): Wire {
  return {
    status: 401,
    title: 'Unauthenticated',
    detail: UNAUTHENTICATED[token],
    headers: {
      'www-authenticate': `Bearer realm="sumdial"${token === 'missing' ? '' : ', error="invalid_token"'}`,
    },
  }
}

const UNAUTHENTICATED = {
  missing: 'Send a token: `Authorization: Bearer <token>`.',
  unknown:
    'This token is not known. Check that it is complete, and that this Worker has it in API_TOKENS, or its secret in ' +
    'TOKEN_SECRET.',
  expired: 'This token has expired. Ask whoever runs this Worker for a new one.',
  revoked: 'This token has been revoked. Ask whoever runs this Worker for a new one, under another name.',
}

const CONFIGURED = {
  worker: 'The configuration',
  binding: 'The props of the service binding',
}

function missing(what: Missing): string {
  switch (what.kind) {
    case 'route':
      return `Use one of ${what.routes.join(', ')}. \`/docs\` describes them.`
    case 'key_in_path':
      return `Put the key behind \`${what.base}\`.`
    case 'badge':
      return 'There is no badge here. Use `/badge/{key}.svg` with a key under PUBLIC_PREFIXES.'
    case 'dashboard_file':
      return 'This file is from another version of the dashboard. Reload the page.'
  }
}

/** For a reader, and in `/status`. */
export const NO_DATABASE_WORDS =
  'This Worker has no DATABASE_URL. It counts, and keeps what it counts, but it cannot read or write Postgres. On your own machine, ' +
  'put `DATABASE_URL=postgresql://user:password@host/database` into the file `.dev.vars` and start it again, or use `npm run dev`, which ' +
  'brings a Postgres of its own. For a deployed Worker, run `npx wrangler secret put DATABASE_URL`.'

const CLOSED =
  'This Worker has no tokens, so it refuses everything. `npm run token -- --name me --scopes write,read` makes one, and prints a line ' +
  'for API_TOKENS. On your own machine, put `API_TOKENS=` and that line, in single quotes, into the file `.dev.vars` and start ' +
  'it again, or use `npm run dev`, which needs no token. For a deployed Worker, run `npx wrangler secret put API_TOKENS`.'
