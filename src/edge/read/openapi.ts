import { z } from 'zod'
import { LABELS_DAYS } from '../../limits.ts'
import { keySchema } from '../../model/key.ts'
import { error, errors, json, jsonOrCsv, type Operation, UNAVAILABLE } from '../openapi/parts.ts'
import { counterAnswerSchema, counterAnswersSchema, seriesAnswerSchema } from './answers.ts'
import { hourAnswerSchema, hourParameters } from './hour.ts'
import { labelsAnswerSchema, labelsParameters } from './labels.ts'
import { listAnswerSchema, listParameters } from './list.ts'
import { counterParameters } from './query.ts'
import { seriesParameters } from './series.ts'

function reading(
  operation: Omit<Operation, 'responses'>,
  schema: z.ZodType,
  description: string,
  answer = json,
): Operation {
  return {
    ...operation,
    responses: { 200: answer(schema, description), ...errors(422), 503: UNAVAILABLE },
  }
}

/** A read of keys, where a row of one key alone may be the problem. */
function readingKeys(
  operation: Omit<Operation, 'responses'>,
  schema: z.ZodType,
  description: string,
): Operation {
  const described = reading(operation, schema, description, jsonOrCsv)
  return { ...described, responses: { ...described.responses, 500: error(500) } }
}

const { key, ...readingParameters } = counterParameters.shape

/** OpenAPI has one operation for a method and path, so the parameters of both forms are in one object. */
const countersParameters = z.strictObject({
  key: key.optional(),
  prefix: seriesParameters.shape.prefix.optional(),
  ...readingParameters,
})

/** `GET /counters` in the OpenAPI document. */
export const describeCounters: Operation = readingKeys(
  {
    operationId: 'readCounters',
    summary: 'Read keys, or all keys under a prefix added up',
    description:
      'Give `key` once or several times, or `prefix` with `bucket` or `range`. A fresh read has every increment that was ' +
      'acknowledged before it began, in the hours from `freshFrom` on, exactly once. To list keys, use /keys.',
    requestParams: { query: countersParameters },
  },
  z.union([counterAnswerSchema, counterAnswersSchema, seriesAnswerSchema]),
  'For one `key`, a Counter. For several, `items` in the order in which they were given. For `prefix`, a Series.',
)

/** `GET /counters/{key}` in the OpenAPI document. */
export const describeCounter: Operation = readingKeys(
  {
    operationId: 'readCounter',
    summary: 'Read one key',
    description: 'Reads the key in the path, where `/` and `%2F` are equal.',
    requestParams: { path: z.object({ key: keySchema }), query: z.strictObject(readingParameters) },
  },
  counterAnswerSchema,
  'The sums of the key.',
)

/** `GET /keys` in the OpenAPI document. */
export const describeKeys: Operation = reading(
  {
    operationId: 'listKeys',
    summary: 'List keys, the largest keys, or groups of keys',
    description: 'Lists what Postgres has of the keys that begin with `prefix`.',
    requestParams: { query: listParameters },
  },
  listAnswerSchema,
  'A page of the list.',
  jsonOrCsv,
)

/** `GET /labels` in the OpenAPI document. */
export const describeLabels: Operation = reading(
  {
    operationId: 'listLabels',
    summary: 'List the labels of a key, or of the keys under a prefix',
    description: `Lists what Postgres has, over the last ${LABELS_DAYS} days by default. Break a read down with \`by\`.`,
    requestParams: { query: labelsParameters },
  },
  labelsAnswerSchema,
  'The labels.',
)

/** `GET /hours/{hour}` in the OpenAPI document. */
export const describeHour: Operation = reading(
  {
    operationId: 'readHour',
    summary: 'Whether an hour is final',
    description: 'Says whether an hour may be invoiced. For a token with a prefix, only its own keys matter.',
    requestParams: { path: hourParameters },
  },
  hourAnswerSchema,
  'The state of the hour.',
)
