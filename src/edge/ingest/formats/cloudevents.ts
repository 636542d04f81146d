import { z } from 'zod'
import { BAD_ITEMS_TOLD_MAX } from '../../../limits.ts'
import { fail, ok } from '../../../model/result.ts'
import { instantOf } from '../../../model/time/instant.ts'
import { readBody } from '../../http/bounded-body.ts'
import { jsonResponse } from '../../http/json.ts'
import { refuseQuery, TOKEN_PARAMETER } from '../../http/parameters.ts'
import type { Problem } from '../../http/problem.ts'
import type { Answer } from '../../http/router.ts'
import { ContentHash } from '../delivery/content-name.ts'
import type { Delivered } from '../delivery/delivery.ts'
import type { Gathering } from '../delivery/gathering.ts'
import { checkEvent } from './cloudevents/event.ts'
import { readEvents } from './cloudevents/events.ts'
import { identityOf } from './cloudevents/identity.ts'
import { modeOf } from './cloudevents/modes.ts'
import { conflictsOf, type Format, notCounted } from './format.ts'
import { Metering, selectiveMeters } from './records/metering.ts'

/** The answer to events of which some are of no meter, or to too many of them for each to count once by its identity. */
export const eventsSchema = z
  .strictObject({
    accepted: z.int().min(0).meta({ description: 'Increments that were counted, durably.' }),
    duplicates: z
      .int()
      .min(0)
      .meta({ description: 'Increments that were counted before, by the same events.' }),
    unmatched: z.int().min(0).meta({ description: 'Events that no meter is for.' }),
    note: z.string().optional(),
  })
  .meta({ id: 'EventsCounted' })

/** `POST /events`: CloudEvents 1.0, alone or in batches, counted by the meters that have a `match`. */
export const receiveEvents: Format = async (request, { grant, meters, deliver }) => {
  const refused = refuseQuery(request.url, TOKEN_PARAMETER)
  if (refused !== undefined) return fail(refused)
  const own = selectiveMeters(meters)
  if (own.length === 0) return fail({ kind: 'no_meter' })
  const mode = modeOf(request.headers)
  if (mode === undefined) return fail(OTHER_TYPE)
  const delivered = await deliver('cloudevents', async (gathering) => {
    const body = await readBody(request)
    if (!body.ok) return body
    const bytes = new Uint8Array(body.value)
    const hash = new ContentHash(grant.name, '/events', JSON.stringify(own.map(({ text }) => text)))
    hash.update(bytes)
    const events = readEvents(request.headers, mode, bytes)
    if (!events.ok) return fail({ kind: 'unreadable', fault: events.error })
    const metering = new Metering(gathering, own)
    for (const event of events.value) {
      takeEvent(event, gathering, metering)
      if (gathering.excess !== undefined) break
    }
    // All of an event in the binary mode is not in its body, and its identity is its name.
    return ok(mode === 'binary' ? null : hash.end())
  })
  return delivered.ok ? answerOf(delivered.value) : delivered
}

const OTHER_TYPE: Problem = {
  kind: 'unsupported_media_type',
  header: 'Content-Type',
  wanted: ['application/cloudevents+json', 'application/cloudevents-batch+json', 'application/json'],
}

function takeEvent(value: unknown, gathering: Gathering, metering: Metering): void {
  const event = checkEvent(value)
  if (!event.ok) {
    gathering.refuse(gathering.next(), 'malformed', '', event.error)
    return
  }
  const { source, id, time, fields } = event.value
  const atMs = instantOf(time)
  const at = atMs ?? { path: 'time', message: time === undefined ? NO_TIME : NOT_A_TIME }
  metering.takeRecord(fields, { at, id: identityOf(source, id) })
}

const NO_TIME =
  'must be given, unless the meter finds a time elsewhere: a retry in the next hour would count again'

const NOT_A_TIME = 'must be RFC 3339 such as 2026-11-21T20:15:00Z'

function answerOf(delivered: Delivered): Answer {
  const problem = notCounted(delivered) ?? refusedOf(delivered)
  if (problem !== undefined) return fail(problem)
  const { accepted, duplicates, unmatched, hasDroppedIds } = delivered
  if (unmatched === 0 && !hasDroppedIds) return new Response(null, { status: 204 })
  return jsonResponse({ accepted, duplicates, unmatched, ...(hasDroppedIds ? { note: IDS_DROPPED } : {}) })
}

const IDS_DROPPED =
  'These are too many events for each to count once by its source and id: they count once as a whole, when the same bytes come again.'

/** Events that can never count: for what they are, or because their identity came before with another value. */
function refusedOf(delivered: Delivered): Problem | undefined {
  const { refused, faults, conflicts } = delivered
  if (refused + conflicts === 0) return undefined
  const errors = [...faults, ...conflictsOf(delivered)].slice(0, BAD_ITEMS_TOLD_MAX)
  return { kind: 'records_refused', errors, more: refused + conflicts - errors.length }
}

/**
 * `OPTIONS /events`: a sender asks before it sends. Whoever has a token may, as often as it likes. Source: CloudEvents, HTTP
 * 1.1 Web Hooks 1.0.2, section 4.
 */
export function allowWebHook(request: Request): Response {
  const origin = request.headers.get('webhook-request-origin')
  const allowed = origin === null ? {} : { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' }
  return new Response(null, { status: 200, headers: { allow: 'OPTIONS, POST', ...allowed } })
}
