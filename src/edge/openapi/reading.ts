import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { keySchema } from '../../model/key.ts'
import { counterAnswerSchema, counterAnswersSchema, seriesAnswerSchema } from '../read/answers.ts'
import { hourAnswerSchema, hourParametersSchema } from '../read/hour.ts'
import { listAnswerSchema, listParameters } from '../read/list.ts'
import { counterParameters } from '../read/query.ts'
import { errors, json, needing, UNAVAILABLE } from './parts.ts'

type Asked = Omit<ZodOpenApiOperationObject, 'responses'>

function reading(operation: Asked, schema: z.ZodType, says: string): ZodOpenApiOperationObject {
  const responses = { 200: json(schema, says), ...errors(422), 503: UNAVAILABLE }
  return needing('read', { ...operation, responses })
}

const { key, ...withoutKey } = counterParameters.shape

/** OpenAPI has one operation for a path: of the two that share this one, each refuses what is the other's. */
const eitherParameters = z.strictObject({
  ...listParameters.shape,
  ...withoutKey,
  key: key.optional(),
  prefix: listParameters.shape.prefix.optional(),
})

export const readCounters = reading(
  {
    operationId: 'readCounters',
    summary: 'Read keys, or list those under a prefix',
    description:
      'With `key`: one key, or several in one answer; `bucket`, `tz`, `consistency` and `freshHours` go with it. A fresh ' +
      'read has every increment acknowledged before it began, in the hours from `freshFrom` on, exactly once. ' +
      'With `prefix`: a list of what Postgres has; `sort`, `depth`, `limit` and `cursor` go with it. With `prefix` and ' +
      '`bucket`: all keys under it added up, as fresh as one key; `tz`, `consistency` and `freshHours` go with it.',
    requestParams: { query: eitherParameters },
  },
  z.union([counterAnswerSchema, counterAnswersSchema, listAnswerSchema, seriesAnswerSchema]),
  'What is known of the key; of several, `items` in the order in which they were asked for; a page of a list; or a series.',
)

export const readCounter = reading(
  {
    operationId: 'readCounter',
    summary: 'Read one key',
    description: 'The same, with the key in the path: `/` and `%2F` are equal there.',
    requestParams: {
      path: z.object({ key: keySchema }),
      query: z.strictObject(withoutKey),
    },
  },
  counterAnswerSchema,
  'What is known of the key.',
)

export const readHour = reading(
  {
    operationId: 'readHour',
    summary: 'Whether an hour is final',
    description: 'May it be invoiced? Of a token with a prefix, its own keys are what counts.',
    requestParams: { path: hourParametersSchema },
  },
  hourAnswerSchema,
  'How far the hour is.',
)
