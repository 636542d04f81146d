import { z } from 'zod'
import { REQUEST_BYTES_MAX } from '../../../limits.ts'
import { errors, json, type Operation, RETRY_AFTER } from '../../openapi/parts.ts'

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
    'points are rejected, and the answer says why. Answers, errors too, are in the encoding of the request.',
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
