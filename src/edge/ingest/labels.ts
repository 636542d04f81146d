import { z } from 'zod'
import { LABEL_NAME_BYTES_MAX, LABEL_VALUE_BYTES_MAX, LABELS_MAX, SLICE_BYTES_MAX } from '../../limits.ts'
import { labelFaults } from '../../model/slices/labels.ts'

const LABELS_META = {
  description:
    `What the increment can be broken down by: at most ${LABELS_MAX} labels, such as {"plan":"pro"}. A name has at most ` +
    `${LABEL_NAME_BYTES_MAX} letters, digits and _ . / -, a value 1 to ${LABEL_VALUE_BYTES_MAX} bytes of UTF-8; key and ` +
    `labels have at most ${SLICE_BYTES_MAX} bytes together. The key's own sum includes it in any case.`,
  example: { plan: 'pro', region: 'eu' },
  override: ({ jsonSchema }: { jsonSchema: object }) =>
    Object.assign(jsonSchema, {
      type: 'object',
      maxProperties: LABELS_MAX,
      additionalProperties: { type: 'string', minLength: 1, maxLength: LABEL_VALUE_BYTES_MAX },
    }),
}

/** The schema of an increment's labels. Each bad label is named. */
export const labelsSchema = z
  .unknown()
  .check((ctx) => {
    for (const { name, message } of labelFaults(ctx.value)) {
      const path = name === undefined ? [] : [name]
      ctx.issues.push({ code: 'custom', message, path, input: ctx.value })
    }
  })
  .meta(LABELS_META)
