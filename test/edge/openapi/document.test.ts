import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { incrementSchema } from '../../../src/edge/ingest/check.ts'
import { checkIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { openApiDocument, ROUTES } from '../../../src/edge/routes.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

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
  'GET /hit/{key}',
  'POST /hit/{key}',
  'GET /hit.js',
  // Senders of web hooks know how to ask.
  'OPTIONS /events',
  'OPTIONS /api/v1/events',
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

type Body = { readonly content: Record<string, { examples?: Record<string, { value: unknown }> }> }

type Operation = { readonly requestBody?: Body; readonly responses: Readonly<Record<string, object>> }

function operations(): Operation[] {
  return Object.values(DOCUMENT.paths ?? {}).flatMap((item) =>
    Object.values(item as Record<string, Operation>),
  )
}

function incrementComponent() {
  return (DOCUMENT.components?.schemas?.['Increment'] ?? {}) as {
    properties?: Record<string, object>
    required?: string[]
  }
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

  test('says of each operation that counts whether an Idempotency-Key is read, which some clients send everywhere', () => {
    const counting = ROUTES.filter(({ method, needs }) => method === 'POST' && needs === 'write')
    const said = counting.map(
      ({ describe: own }) => JSON.stringify(own?.requestParams ?? '') + own?.description,
    )
    expect(said.map((text) => /"Idempotency-Key"|`Idempotency-Key` is not read/.test(text))).toEqual(
      counting.map(() => true),
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

  test('lets a client that was generated from it send the first request of README, with `key` alone', () => {
    // openapi-typescript makes a field with a default one that must be given, and another generator sends no Content-Type
    // where there are two.
    const { properties = {}, required } = incrementComponent()
    expect(required).toEqual(['key'])
    expect(Object.values(properties).filter((field) => 'default' in field)).toEqual([])
    const bodies = operations().flatMap(({ requestBody }) => requestBody ?? [])
    expect(bodies.map(({ content }) => Object.keys(content).length)).toEqual(bodies.map(() => 1))
  })

  test('says of an Idempotency-Key how long it may be, and which time its items need', () => {
    const [{ parameters = [] } = {}] = operations() as {
      parameters?: { name: string; description: string }[]
    }[]
    const { description } = parameters.find(({ name }) => name === 'Idempotency-Key') ?? {}
    expect(description).toMatch(
      /1 to 64 bytes .* each must have `at`, unless the name is a UUID of version 7\./,
    )
  })

  test('has examples of increments that are taken, whatever the time is', () => {
    const [{ content }] = operations().flatMap(({ requestBody }) => requestBody ?? []) as [Body]
    const examples = Object.values(content['application/json']?.examples ?? {}).flatMap(({ value }) => value)
    const terms = { nowMs: nodeClock.now(), lateHours: scheduleOf('72'), mayAdjust: false }
    expect(goodOf(checkIncrements(examples, undefined, terms)).keys).toHaveLength(3)
  })

  test('closes requests to unknown fields, and leaves answers open, to which fields may be added', () => {
    const text = JSON.stringify(operations().map(({ responses }) => responses))
    expect(text).not.toContain('"additionalProperties":false')
    const { Increment, ...answers } = DOCUMENT.components?.schemas ?? {}
    expect(Increment).toMatchObject({ additionalProperties: false })
    expect(JSON.stringify(answers)).not.toContain('"additionalProperties":false')
  })

  test('says when a bucket starts without a format that would refuse the offset of Kolkata', () => {
    const start = /"start":\{[^}]*\}/.exec(JSON.stringify(DOCUMENT.components?.schemas?.['Counter']))?.[0]
    expect(start).toContain('+05:30')
    expect(start).not.toMatch(/format|pattern/)
  })

  test('says of each operation when to come again after a 429, and that there may be other errors', () => {
    for (const { responses } of operations()) {
      expect(responses['429']).toMatchObject({ headers: { 'Retry-After': {} } })
      expect(responses['default']).toMatchObject({
        description: expect.stringMatching(/404, 405, 414 or 500/),
      })
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
