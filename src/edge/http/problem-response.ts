import { z } from 'zod'
import { BAD_ITEMS_TOLD_MAX } from '../../limits.ts'
import { unreadableRowSchema } from '../read/answers.ts'
import { withHeaders } from './headers.ts'
import type { Problem } from './problem.ts'
import { describeProblem } from './problem-words.ts'

const indexes = z.array(z.int().min(0))

/** Every error on the wire: RFC 9457, with further fields for some kinds of problems. */
export const problemSchema = z
  .strictObject({
    type: z.string().meta({ example: 'urn:sumdial:problem:invalid-increments' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What is wrong, and what to do.' }),
    errors: z
      .array(z.strictObject({ index: z.int().min(0), path: z.string(), message: z.string() }))
      .optional()
      .meta({
        description: `The bad items of the request by their index, the first ${BAD_ITEMS_TOLD_MAX} of them. Nothing was counted.`,
      }),
    more: z.int().min(1).optional().meta({ description: 'How many more items are bad.' }),
    parameter: z.string().optional().meta({ description: 'The parameter, header or field that is wrong.' }),
    rows: z
      .array(unreadableRowSchema)
      .optional()
      .meta({ description: 'The rows of `sumdial.counters` to correct.' }),
    refused: indexes
      .optional()
      .meta({ description: 'Items that were certainly not counted: send them again.' }),
    unknown: indexes.optional().meta({
      description: 'Items that may have been counted: send them again only with the same ids.',
    }),
  })
  .meta({ id: 'Problem' })

/** A problem as RFC 9457 `application/problem+json`, with all of its headers. */
export function problemResponse(problem: Problem): Response {
  const { details, retryAfterSeconds, headers } = describeProblem(problem)
  const retryAfter = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
  const response = new Response(JSON.stringify(details), {
    status: details.status,
    headers: { 'content-type': 'application/problem+json', ...retryAfter, ...headers },
  })
  return withHeaders(response)
}
