import fc from 'fast-check'
import { expect, expectTypeOf, test } from 'vitest'
import type { z } from 'zod'
import type * as client from '../../src/client/index.ts'
import { parseExactly } from '../../src/client/read/exact-json.ts'
import { toJson } from '../../src/edge/http/json.ts'
import type { problemSchema } from '../../src/edge/http/problem-response.ts'
import type { CounterAnswer, SeriesAnswer } from '../../src/edge/read/answers.ts'
import type { HourAnswer } from '../../src/edge/read/hour.ts'
import type { ListAnswer } from '../../src/edge/read/list.ts'

test("the client's types are those of the server's schemas", () => {
  expectTypeOf<client.Counter>().toEqualTypeOf<CounterAnswer>()
  expectTypeOf<client.PrefixCounter>().toExtend<SeriesAnswer>()
  expectTypeOf<SeriesAnswer>().toExtend<client.PrefixCounter>()
  expectTypeOf<client.List>().toEqualTypeOf<ListAnswer>()
  expectTypeOf<client.Hour>().toEqualTypeOf<HourAnswer>()
  // Its lists may be read alone, which zod does not say.
  expectTypeOf<z.infer<typeof problemSchema>>().toExtend<client.Problem>()
  expectTypeOf<keyof client.Problem>().toEqualTypeOf<keyof z.infer<typeof problemSchema>>()
})

test('[A2] sums are exact at any size, and texts are as they were, whatever looks like a sum in them', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('"sum":1', '\\"sum":1', 'sum', '","sum":1,"', '{"sum":1}', '\\', 'x\\\\"sum":7'),
  )
  const item = fc.record({ key: text, sum: fc.bigInt(), count: fc.nat() })
  fc.assert(
    fc.property(fc.array(item), text, (items, other) => {
      expect(parseExactly(toJson({ other, items }))).toEqual({ other, items })
    }),
  )
})

test('a label may be named sum, with any value', () => {
  const parked = { parkedKeys: [{ key: 'k', labels: { sum: 'abc' } }] }
  expect(parseExactly(JSON.stringify(parked))).toEqual(parked)
})
