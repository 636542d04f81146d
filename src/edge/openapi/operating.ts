import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { EXPOSITION_TYPE } from '../operate/exposition.ts'
import { metricsParameters } from '../operate/metrics.ts'
import { decidedSchema, decisionSchema } from '../operate/parked.ts'
import { statusAnswerSchema, statusParameters } from '../operate/status.ts'
import { errors, json, needing, UNAVAILABLE } from './parts.ts'

export const status = needing('read', {
  operationId: 'status',
  summary: 'What the shards hold',
  description:
    'Of recent hours: what is open, frozen and parked, how far Postgres lags and why, and whether all adds up.',
  requestParams: { query: statusParameters },
  responses: {
    200: json(statusAnswerSchema, 'What each shard says of itself.'),
    ...errors(422),
    503: UNAVAILABLE,
  },
})

export const metrics = needing('read', {
  operationId: 'metrics',
  summary: 'What the shards hold, for Prometheus',
  description: 'What /status says of recent hours, as metrics.',
  requestParams: { query: metricsParameters },
  responses: {
    200: {
      description: 'Metrics in text format 0.0.4.',
      content: { [EXPOSITION_TYPE]: { schema: z.string() } },
    },
    ...errors(422),
    503: UNAVAILABLE,
  },
})

export function parked(
  action: 'retry' | 'discard',
  summary: string,
  description: string,
): ZodOpenApiOperationObject {
  return needing('admin', {
    operationId: `${action}Parked`,
    summary,
    description,
    requestBody: { required: true, content: { 'application/json': { schema: decisionSchema } } },
    responses: { 200: json(decidedSchema, 'Done.'), ...errors(422), 503: UNAVAILABLE },
  })
}
