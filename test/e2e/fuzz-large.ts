import { REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../src/limits.ts'

const JSON_TYPE = 'application/json'
const NDJSON_TYPE = 'application/x-ndjson'

const MEBIBYTES = REQUEST_BYTES_MAX / 2 ** 20

const many = (count: number, item: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join(',')
const items = (count: number) => `[${many(count, (i) => `{"key":"many/${i}"}`)}]`
const longKey = (i: number) => `{"key":"${String(i).padEnd(512, 'k')}"}`
const withValue = (text: string) => `{"key":"a","value":${text}}`
const nested = (open: string, close: string, depth: number) =>
  `${open.repeat(depth)}1.5${close.repeat(depth)}`

/** Bodies at the bounds and far past them, in every dimension that a body has. */
export const LARGE_BODIES: readonly (readonly [
  title: string,
  type: string,
  makeBody: () => string,
  status: number,
])[] = [
  ['as many items as a request may have', JSON_TYPE, () => items(REQUEST_ITEMS_MAX), 202],
  ['one item more', JSON_TYPE, () => items(REQUEST_ITEMS_MAX + 1), 413],
  ['the longest keys', JSON_TYPE, () => `[${many(4_000, longKey)}]`, 202],
  [
    'items that are all bad in many ways',
    NDJSON_TYPE,
    () => '{"key":"","value":0,"at":"x","a":1,"b":2}\n'.repeat(REQUEST_ITEMS_MAX),
    422,
  ],
  [`${MEBIBYTES} MiB of spaces and an item`, JSON_TYPE, () => '{"key":"a"}'.padStart(REQUEST_BYTES_MAX), 202],
  ['one byte more', JSON_TYPE, () => '{"key":"a"}'.padStart(REQUEST_BYTES_MAX + 1), 413],
  ['one key', JSON_TYPE, () => `{"key":"${'k'.repeat(REQUEST_BYTES_MAX - 20)}"}`, 422],
  ['one value', JSON_TYPE, () => withValue('1'.repeat(REQUEST_BYTES_MAX - 30)), 422],
  ['one fraction', JSON_TYPE, () => withValue(`1.${'0'.repeat(REQUEST_BYTES_MAX - 30)}1`), 422],
  [
    'one whole number with a point',
    JSON_TYPE,
    () => withValue(`1.${'0'.repeat(REQUEST_BYTES_MAX - 30)}`),
    202,
  ],
  // A large body is looked at for what is too deep, or has too many fields, before it is parsed.
  ['open brackets', JSON_TYPE, () => '['.repeat(REQUEST_BYTES_MAX), 422],
  ['a deep value', JSON_TYPE, () => withValue(nested('[', ']', 1_000_000)), 422],
  ['a deep item', JSON_TYPE, () => nested('{"value":', '}', 300_000), 422],
  ['unknown fields', JSON_TYPE, () => `{${many(350_000, (i) => `"${i}":1`)}}`, 422],
  ['one field again and again', JSON_TYPE, () => `{${'"key":"a",'.repeat(400_000)}"key":"a"}`, 422],
  ['empty lines', NDJSON_TYPE, () => '\n'.repeat(REQUEST_BYTES_MAX), 202],
  ['empty arrays in lines', NDJSON_TYPE, () => '[]\n'.repeat(1_000_000), 413],
]
