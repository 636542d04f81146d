import type { oas31 } from 'zod-openapi'

export type Schema = oas31.SchemaObject | oas31.ReferenceObject

/** Says in a few words what a value must be: `integer, 1 to 100`. */
export function schemaWords(schema: Schema): string {
  if ('$ref' in schema) return schema.$ref.replace(/^.*\//, '')
  const kinds = [...typesOf(schema), ...(schema.anyOf ?? schema.oneOf ?? []).map(schemaWords)]
  const words = [kinds.join(' or '), ...boundsOf(schema)]
  if (schema.enum !== undefined) words.push(`one of ${schema.enum.join(', ')}`)
  if (schema.items !== undefined) words.push(`each ${schemaWords(schema.items)}`)
  if (schema.default !== undefined) words.push(`${JSON.stringify(schema.default)} by default`)
  return words.filter((word) => word !== '').join(', ')
}

function typesOf({ type, format }: oas31.SchemaObject): string[] {
  const types = [type ?? []].flat()
  return format === undefined ? types : types.map((each) => `${each} (${format})`)
}

function boundsOf(schema: oas31.SchemaObject): string[] {
  return [
    range(schema.minimum, schema.maximum, ''),
    range(schema.minLength, schema.maxLength, ' characters'),
    range(schema.minItems, schema.maxItems, ' items'),
  ]
}

function range(min: number | undefined, max: number | undefined, unit: string): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}${unit}`
  if (min !== undefined) return `at least ${min}${unit}`
  return max === undefined ? '' : `at most ${max}${unit}`
}
