import { html } from 'hono/html'
import type { oas31 } from 'zod-openapi'
import { type DocsOperation, operationSection } from './operation.ts'
import { propertiesTable } from './properties.ts'
import { STYLE } from './style.ts'

/** Renders an OpenAPI document as a page to read. The page loads nothing, from here or elsewhere, and runs nothing. */
export function docsPage(document: oas31.OpenAPIObject) {
  const operations = operationsOf(document)
  const { title, version, description } = document.info
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${title} <small>${version}</small></h1>
${(description ?? '').split('\n\n').map((paragraph) => html`<p>${paragraph}</p>`)}
<p>Machine-readable: <a href="/openapi.json">/openapi.json</a> (OpenAPI ${document.openapi}).</p>
</header>
<nav aria-label="Operations"><ul>
${operations.map(({ method, path, is }) => html`<li><a href="#${is.operationId}"><code>${method} ${path}</code></a> ${is.summary}</li>`)}
</ul></nav>
<main>
${operations.map((operation) => operationSection(operation, document))}
<section><h2 id="schemas">Schemas</h2>
${Object.entries(document.components?.schemas ?? {}).map(
  ([name, schema]) => html`<h3 id="schema-${name}">${name}</h3>${propertiesTable(schema, document)}`,
)}
</section>
</main>
</body>
</html>`
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

/** All operations, in the order of the document. */
function operationsOf({ paths = {} }: oas31.OpenAPIObject): DocsOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method): DocsOperation[] => {
      const is = (item as oas31.PathItemObject)[method]
      return is === undefined ? [] : [{ method: method.toUpperCase(), path, is }]
    }),
  )
}
