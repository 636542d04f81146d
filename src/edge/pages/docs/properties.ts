import { html } from 'hono/html'
import type { oas31 } from 'zod-openapi'
import { type Schema, schemaWords } from './schema-words.ts'

type PropertyRow = { readonly name: string; readonly is: Schema; readonly isRequired: boolean }

/** A table of an object's fields; for anything else, what the value must be. */
export function propertiesTable(schema: Schema, document: oas31.OpenAPIObject) {
  const rows = rowsOf(resolve(schema, document))
  if (rows.length === 0) return html`<p>${schemaWords(schema)}</p>`
  return html`<table>
<thead><tr><th scope="col">field</th><th scope="col">is</th><th scope="col"></th></tr></thead>
<tbody>${rows.map(
    ({ name, is, isRequired }) => html`<tr>
<td><code>${name}</code>${isRequired ? '' : html`<br><small>optional</small>`}</td>
<td>${schemaLink(is)}</td>
<td>${resolve(is, document).description}</td></tr>`,
  )}</tbody></table>`
}

/** A schema in words, with a link where it has a name. */
export function schemaLink(schema: Schema) {
  const words = schemaWords(schema)
  return '$ref' in schema ? html`<a href="#schema-${words}">${words}</a>` : html`${words}`
}

export function resolve(schema: Schema, { components }: oas31.OpenAPIObject): oas31.SchemaObject {
  if (!('$ref' in schema)) return schema
  const found = components?.schemas?.[schema.$ref.replace(/^.*\//, '')]
  return found === undefined || '$ref' in found ? {} : found
}

function rowsOf({ properties = {}, required = [] }: oas31.SchemaObject): PropertyRow[] {
  return Object.entries(properties).map(([name, is]) => ({ name, is, isRequired: required.includes(name) }))
}
