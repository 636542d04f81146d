import { z } from 'zod'
import {
  DELIVERY_BYTES_MAX,
  DELIVERY_CELLS_MAX,
  DELIVERY_RECORDS_MAX,
  REQUEST_BYTES_MAX,
  REQUEST_ITEMS_MAX,
} from '../../../limits.ts'
import { error, errors, json, type Operation, RETRY_AFTER, UNAVAILABLE } from '../../openapi/parts.ts'
import { recordsQuery } from './records/query.ts'
import { recordedSchema } from './records.ts'

/** Some HTTP clients send the header with each request, and their users must not rely on it here. */
const NO_KEY = 'The header `Idempotency-Key` is not read.'

/** `POST /records` in the OpenAPI document. */
export const describeRecords: Operation = {
  operationId: 'countRecords',
  summary: 'Count records of any form',
  description:
    'NDJSON, a JSON array or a JSON document of any objects, such as lines of a log; gzip or not, whatever the Content-Type. Meters ' +
    'say how a record becomes an increment: by name with `meter`, or one in the query. A bad record holds back no other. ' +
    `At most ${DELIVERY_RECORDS_MAX} records and ${DELIVERY_BYTES_MAX} bytes, decompressed, which add up to at most ${DELIVERY_CELLS_MAX} ` +
    'keys and hours. The same bytes count once until their hours close, unless there is a single record in them. Ids of ' +
    `records count in requests of up to ${REQUEST_ITEMS_MAX} records. ${NO_KEY}`,
  requestParams: { query: recordsQuery },
  requestBody: { required: true, content: { 'application/x-ndjson': { schema: z.string() } } },
  responses: {
    202: json(recordedSchema, 'Every increment is durable, or known not to count.'),
    ...errors(400, 413, 422),
    503: {
      ...error(503),
      description:
        'Not every good increment was counted, or the Worker reads other large bodies. Retry-After is present only when it ' +
        'is safe to send the same bytes again.',
      headers: z.object({ 'Retry-After': z.string().optional() }),
    },
  },
}

import { eventsSchema } from './cloudevents.ts'

/** A google.rpc.Status, in which OTLP's errors are worded. */
const statusSchema = z
  .object({ code: z.int().meta({ description: 'Of google.rpc.Code.' }), message: z.string() })
  .meta({ id: 'Status' })

/** `POST /v1/metrics` in the OpenAPI document. */
export const describeOtlp: Operation = {
  operationId: 'exportMetrics',
  summary: 'Count with OpenTelemetry',
  description:
    'An ExportMetricsServiceRequest of OTLP, in JSON or, with Content-Type `application/x-protobuf`, in protobuf: at most ' +
    `${REQUEST_BYTES_MAX} bytes, decompressed. Delta sums are counted under \`otel/{service.name}/{metric}\`. All other ` +
    'points are rejected, and the answer says why. Answers, errors too, are in the encoding of the request. The same ' +
    `bytes count once until their hours close. ${NO_KEY}`,
  requestBody: { required: true, content: { 'application/json': { schema: z.looseObject({}) } } },
  responses: {
    200: json(
      z.object({
        partialSuccess: z
          .object({ rejectedDataPoints: z.string().optional(), errorMessage: z.string() })
          .optional()
          .meta({ description: 'Which points were not counted, and why. Absent when all were.' }),
      }),
      'Every point is durable, or rejected for good.',
    ),
    ...errors(415),
    ...inStatus(400, 'The body is no such request. Nothing was counted.'),
    ...inStatus(401, 'The token is missing or not known.'),
    ...inStatus(403, 'The token may not do this. Nothing was done.'),
    ...inStatus(
      413,
      'The body is too large, or its points are of too many hours or metrics. Nothing was counted.',
    ),
    ...inStatus(429, 'This token sent too many requests from this address.', RETRY_AFTER),
    ...inStatus(
      503,
      'Not every point was counted. Send the same bytes again: what was counted does not count twice.',
      RETRY_AFTER,
    ),
  },
}

function inStatus(status: number, description: string, headers = {}): Operation['responses'] {
  return { [status]: { ...json(statusSchema, description), ...headers } }
}

/** `POST /events` in the OpenAPI document. */
export function describeEvents(path: string): Operation {
  return {
    operationId: path === '/events' ? 'sendEvents' : 'sendEventsAsOpenMeter',
    summary: 'Count CloudEvents',
    description:
      'CloudEvents 1.0: one event in JSON, an array of them, or one in the binary mode, whose attributes are headers. At most ' +
      `${REQUEST_BYTES_MAX} bytes, decompressed. The meters in METERS that have a \`match\` say how events count. An event ` +
      `counts once by its source and id, in the hour of its time. ${NO_KEY}`,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: z.union([eventSchema, z.array(eventSchema)]) } },
    },
    responses: {
      200: json(
        eventsSchema,
        'No meter is for some of the events, or they are too many to count once each by itself. All others are durable, or count 0.',
      ),
      204: { description: 'Every event is durable, or counts 0.' },
      ...errors(400, 413, 415, 422),
      503: UNAVAILABLE,
    },
  }
}

const eventSchema = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string(),
    source: z.string(),
    type: z.string(),
    subject: z.string().optional(),
    time: z
      .string()
      .optional()
      .meta({ description: 'RFC 3339. Required, unless the meter finds a time elsewhere.' }),
    data: z.unknown().optional(),
  })
  .meta({ id: 'CloudEvent' })
