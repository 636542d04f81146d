import type { oas31, ZodOpenApiPathsObject } from 'zod-openapi'
import { createDocument } from 'zod-openapi'
import { increment } from './counting.ts'
import { metrics, parked, status } from './operating.ts'
import { readCounter, readCounters, readHour } from './reading.ts'

const paths: ZodOpenApiPathsObject = {
  '/increment': { post: increment },
  '/counters': { get: readCounters },
  '/counters/{key}': { get: readCounter },
  '/hours/{hour}': { get: readHour },
  '/status': { get: status },
  '/metrics': { get: metrics },
  '/parked/retry': { post: parked('retry', 'Retry parked cells', 'Postgres is asked once more.') },
  '/parked/discard': {
    post: parked(
      'discard',
      'Discard parked cells',
      'They are given up for good, and stay counted as discarded.',
    ),
  },
}

/** Made when it is first asked for, for it takes some 10 ms, and anyone may ask. */
let made: oas31.OpenAPIObject | undefined

/** The OpenAPI document, derived from the schemas that validate. */
export function openApiDocument(origin: string): oas31.OpenAPIObject {
  made ??= describeApi()
  return { ...made, servers: [{ url: origin }] }
}

function describeApi(): oas31.OpenAPIObject {
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'Sumdial', version: '1', description: ABOUT, license: { name: 'MIT', identifier: 'MIT' } },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  }) as oas31.OpenAPIObject
}

const ABOUT =
  'Exact sums by the hour, counted at the edge, kept in your own Postgres.\n\n' +
  'Errors are application/problem+json (RFC 9457). Integers are JSON integers, exact at any size. ' +
  'Unknown fields and parameters are refused, for a typo must not count; fields may be added to answers.'
