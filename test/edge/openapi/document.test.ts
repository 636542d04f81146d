import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { incrementSchema } from '../../../src/edge/ingest/check.ts'
import { openApiDocument, ROUTES } from '../../../src/edge/routes.ts'

const DOCUMENT = openApiDocument('https://sumdial.example')

/** Routes that describe the API, or are for people alone. */
const NOT_IN_IT = [
  'GET /openapi.json',
  'GET /docs',
  'GET /',
  'GET /chart',
  'GET /tree',
  'GET /shards',
  'GET /dashboard/{name}',
  'GET /session',
  'POST /session',
  'DELETE /session',
  'GET /badge/{key}',
]

function documented(): string[] {
  return Object.entries(DOCUMENT.paths ?? {}).flatMap(([path, item]) =>
    Object.keys(item as object).map((method) => `${method.toUpperCase()} ${path}`),
  )
}

/** `/counters/*` is `/counters/{key}` there. */
function served(): string[] {
  return ROUTES.map(({ method, path }) =>
    `${method} ${path}`.replace('/*', '/{key}').replace(/:(\w+)/, '{$1}'),
  )
}

describe('the OpenAPI document', () => {
  test('is one, by the specification of its version', async () => {
    const result = await new Validator().validate(JSON.parse(JSON.stringify(DOCUMENT)))
    expect(result).toMatchObject({ valid: true })
  })

  test('has every route, and no other', () => {
    expect(documented().sort()).toEqual(
      served()
        .filter((route) => !NOT_IN_IT.includes(route))
        .sort(),
    )
  })

  test('says of each operation which scope it takes, and of each error what it means', () => {
    for (const item of Object.values(DOCUMENT.paths ?? {})) {
      for (const operation of Object.values(
        item as Record<string, { description: string; responses: object }>,
      )) {
        expect(operation.description).toMatch(/Requires scope `\w+`/)
        expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['401', '403', '429']))
      }
    }
  })

  test('takes no increment that the Worker refuses for its form, and refuses none that it takes', () => {
    const isValid = new Ajv2020({ strict: false }).compile(DOCUMENT.components?.schemas?.['Increment'] ?? {})
    fc.assert(
      fc.property(
        fc.record(
          {
            key: fc.oneof(
              fc.string({ unit: 'grapheme-ascii', maxLength: 600 }),
              fc.constant(''),
              fc.integer(),
            ),
            value: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 0.5, 2 ** 53, -1, '1', null)),
            id: fc.oneof(fc.string({ unit: 'grapheme-ascii', maxLength: 70 }), fc.constant(7)),
            typo: fc.constant(1),
          },
          { requiredKeys: [] },
        ),
        (item) => {
          expect(isValid(item)).toBe(incrementSchema.safeParse(item).success)
        },
      ),
    )
  })
})
