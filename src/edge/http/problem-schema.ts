import { z } from 'zod'

const indexes = z.array(z.int().min(0))

/** Every error on the wire: RFC 9457, with more where a kind of problem has more to say. */
export const problemSchema = z
  .strictObject({
    type: z.string().meta({ example: 'urn:sumdial:problem:invalid-increments' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What is wrong, and what to do.' }),
    errors: z
      .array(z.strictObject({ index: z.int().min(0), path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every bad item of the request by its index; nothing of it was counted.' }),
    parameter: z.string().optional().meta({ description: 'The parameter, header or field that is wrong.' }),
    refused: indexes
      .optional()
      .meta({ description: 'Items that were certainly not counted: send those again.' }),
    unknown: indexes.optional().meta({
      description: 'Items that may have been counted: send those again only with the same ids.',
    }),
  })
  .meta({ id: 'Problem' })
