import { html } from 'hono/html'
import type { oas31 } from 'zod-openapi'
import { propertiesTable, resolve, schemaLink } from './properties.ts'

/** One operation of the document, with its method and path. */
export type DocsOperation = {
  readonly method: string
  readonly path: string
  readonly is: oas31.OperationObject
}

type Contents = Readonly<Record<string, oas31.MediaTypeObject>>

export function operationSection({ method, path, is }: DocsOperation, document: oas31.OpenAPIObject) {
  const { operationId, summary, description, parameters = [], requestBody, responses = {} } = is
  return html`<section>
<h2 id="${operationId}"><code>${method} ${path}</code></h2>
<p>${summary}. ${description}</p>
${parametersTable(parameters, document)}
${requestBody !== undefined && 'content' in requestBody ? contents('Body', requestBody.content, document) : ''}
<h3>Answers</h3>
<dl>${Object.entries(responses).map(([status, response]) => answer(status, response, document))}</dl>
</section>`
}

function parametersTable(
  parameters: readonly (oas31.ParameterObject | oas31.ReferenceObject)[],
  document: oas31.OpenAPIObject,
) {
  const own = parameters.filter((parameter) => 'name' in parameter)
  if (own.length === 0) return ''
  return html`<h3>Parameters</h3><table>
<thead><tr><th scope="col">name</th><th scope="col">is</th><th scope="col"></th></tr></thead>
<tbody>${own.map(
    ({ name, in: place, required, schema = {}, description }) => html`<tr>
<td><code>${name}</code><br><small>${place}${required === true ? '' : ', optional'}</small></td>
<td>${schemaLink(schema)}</td>
<td>${description ?? resolve(schema, document).description}</td></tr>`,
  )}</tbody></table>`
}

function answer(
  status: string,
  response: oas31.ResponseObject | oas31.ReferenceObject,
  document: oas31.OpenAPIObject,
) {
  const found = '$ref' in response ? document.components?.responses?.[lastOf(response.$ref)] : response
  if (found === undefined || '$ref' in found) return ''
  return html`<dt id="${status}"><strong>${status}</strong></dt>
<dd>${found.description}${contents('', found.content ?? {}, document)}</dd>`
}

function lastOf(ref: string): string {
  return ref.replace(/^.*\//, '')
}

function contents(title: string, content: Contents, document: oas31.OpenAPIObject) {
  return html`${title === '' ? '' : html`<h3>${title}</h3>`}${Object.entries(content).map(
    ([
      type,
      { schema = {}, example, examples = {} },
    ]) => html`<p><code>${type}</code>: ${schemaLink(schema)}</p>
${'$ref' in schema ? '' : propertiesTable(schema, document)}
${[example, ...Object.values(examples).map((each) => ('value' in each ? each.value : undefined))]
  .filter((each) => each !== undefined)
  .map((each) => html`<pre>${typeof each === 'string' ? each : JSON.stringify(each, null, 2)}</pre>`)}`,
  )}`
}
