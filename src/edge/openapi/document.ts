import type { oas31, ZodOpenApiPathItemObject } from 'zod-openapi'
import { createDocument } from 'zod-openapi'
import type { Needs } from '../http/context.ts'
import type { Operation } from './parts.ts'

/** A row of the table of routes, as far as the document shows it. */
type Described = {
  readonly method: string
  readonly path: string
  readonly needs: Needs
  readonly describe?: Operation
}

/** A path of the table as OpenAPI writes it: `/hours/{hour}` for `/hours/:hour`, `/counters/{key}` for its rest. */
export function openApiPath({ path }: Described): string {
  return path.replace('*', '{key}').replace(/:(\w+)/, '{$1}')
}

/**
 * Makes the OpenAPI document of the routes that have a description, from the schemas that validate.
 *
 * @returns the document with the address at which it was asked for. It is made at the first call, because that takes
 *   some 10 ms.
 */
export function documentOf(routes: readonly Described[]): (origin: string) => oas31.OpenAPIObject {
  let made: oas31.OpenAPIObject | undefined
  return (origin) => {
    made ??= createDocument(
      {
        openapi: '3.1.0',
        info: {
          title: 'Sumdial',
          version: '1',
          description: ABOUT,
          license: { name: 'MIT', identifier: 'MIT' },
        },
        components: { securitySchemes: SECURITY_SCHEMES },
        paths: pathsOf(routes),
      },
      { override: openAnswers },
    ) as oas31.OpenAPIObject
    return { ...made, servers: [{ url: origin }] }
  }
}

/** Where a token may stand. */
const SECURITY_SCHEMES = {
  token: { type: 'http', scheme: 'bearer' },
  basic: { type: 'http', scheme: 'basic', description: 'The token as user or as password.' },
  address: {
    type: 'apiKey',
    in: 'query',
    name: 'access_token',
    description: 'For tokens that can only count, because addresses are logged.',
  },
} as const

/** Fields may be added to answers, so only requests say that they have no others. */
function openAnswers({
  jsonSchema,
  io,
}: {
  jsonSchema: { additionalProperties?: unknown }
  io: 'input' | 'output'
}) {
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

function pathsOf(routes: readonly Described[]): Record<string, ZodOpenApiPathItemObject> {
  const paths: Record<string, ZodOpenApiPathItemObject> = {}
  for (const route of routes) {
    if (route.describe === undefined) continue
    const path = openApiPath(route)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: withScope(route.needs, route.describe) }
  }
  return paths
}

/** The description names the scope, because OpenAPI has a place for scopes only with OAuth. */
function withScope(needs: Needs, operation: Operation) {
  return {
    ...operation,
    security: [{ token: [] }, { basic: [] }, ...(needs === 'write' ? [{ address: [] }] : [])],
    description: `${operation.description} Requires scope \`${needs}\`.`,
  }
}

const ABOUT =
  'Exact sums by the hour, counted at the edge, kept in your own Postgres.\n\n' +
  'Errors are application/problem+json (RFC 9457). Integers are JSON integers, exact at any size. ' +
  'Unknown fields and parameters are refused, so that a typo never counts. Fields may be added to answers.'
