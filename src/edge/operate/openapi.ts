import { z } from 'zod'
import { errors, json, type Operation, UNAVAILABLE } from '../openapi/parts.ts'
import type { ParkedAction } from '../ports.ts'
import { EXPOSITION_TYPE } from './exposition.ts'
import { metricsParameters } from './metrics.ts'
import { decidedSchema, decisionSchema } from './parked.ts'
import { statusAnswerSchema, statusParameters } from './status.ts'

/** `GET /status` in the OpenAPI document. */
export const describeStatus: Operation = {
  operationId: 'status',
  summary: 'What the shards hold',
  description:
    'For recent hours: what is open, frozen and parked, how far Postgres lags and why, and whether everything adds up.',
  requestParams: { query: statusParameters },
  responses: {
    200: json(statusAnswerSchema, 'The report of each shard.'),
    ...errors(422),
    503: UNAVAILABLE,
  },
}

/** `GET /metrics` in the OpenAPI document. */
export const describeMetrics: Operation = {
  operationId: 'metrics',
  summary: 'What the shards hold, for Prometheus',
  description: 'The figures of /status for recent hours, as metrics.',
  requestParams: { query: metricsParameters },
  responses: {
    200: {
      description: 'Metrics in text format 0.0.4.',
      content: { [EXPOSITION_TYPE]: { schema: z.string() } },
    },
    ...errors(422),
    503: UNAVAILABLE,
  },
}

const PARKED = {
  retry: { summary: 'Retry parked cells', description: 'Asks Postgres once more to take them.' },
  discard: {
    summary: 'Discard parked cells',
    description: 'Gives them up for good. They stay counted as discarded.',
  },
} as const

/** `POST /parked/retry` and `POST /parked/discard` in the OpenAPI document. */
export function describeParked(action: ParkedAction): Operation {
  return {
    operationId: `${action}Parked`,
    ...PARKED[action],
    requestBody: { required: true, content: { 'application/json': { schema: decisionSchema } } },
    responses: { 200: json(decidedSchema, 'Done.'), ...errors(422), 503: UNAVAILABLE },
  }
}
