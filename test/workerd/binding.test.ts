import { createExecutionContext } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { Sumdial } from '../../src/index.ts'
import { env, freshKey } from './support.ts'
import { BROKEN, envWith, SECRET } from './tokens.ts'

/** The entrypoint as a service binding with these props would have it. test/e2e/binding.long.test.ts has a real one. */
function bound(props: unknown, bindings = env) {
  const ctx = Object.create(createExecutionContext(), { props: { value: props } })
  return new Sumdial(ctx, bindings)
}

const refused = (status: number, more: object = {}) => ({ ok: false, problem: { status, ...more } })

describe('a service binding', () => {
  test('[S2] without props counts and reads all keys, and takes nothing back', async () => {
    const [key, binding] = [freshKey(), bound({})]
    expect(await binding.increment({ key })).toMatchObject({ ok: true, answer: { accepted: 1 } })
    expect(await binding.read({ key })).toMatchObject({ answer: { total: { sum: 1n } } })
    // Structured clone carries a field that is undefined; JSON would leave it out.
    const unset = { key, value: undefined, at: undefined, id: undefined } as unknown as { key: string }
    expect(await binding.increment(unset)).toMatchObject({ ok: true, answer: { accepted: 1 } })
    expect(await binding.increment({ key, value: -1 })).toMatchObject(refused(422))
  })

  test('[L1] counts labels, and reads by them', async () => {
    const [key, binding] = [freshKey(), bound({})]
    const items = [{ key, value: 2, labels: { plan: 'pro' } }, { key }]
    expect(await binding.increment(items)).toMatchObject({ ok: true, answer: { accepted: 2 } })
    expect(await binding.read({ key, by: 'plan' })).toMatchObject({
      answer: { groups: [{ value: 'pro', total: { sum: 2n } }], unlabelled: { total: { sum: 1n } } },
    })
    expect(await binding.increment({ key, labels: { plan: '' } })).toMatchObject(refused(422))
  })

  test('[S2] does what its scopes say', async () => {
    const key = freshKey()
    expect(await bound({ scopes: ['read'] }).increment({ key })).toMatchObject(refused(403))
    const writer = bound({ scopes: ['write'] })
    expect(await writer.read({ key })).toMatchObject(refused(403))
    expect(await writer.list({ prefix: '' })).toMatchObject(refused(403))
    expect(await writer.hour('2026-11-21T20Z')).toMatchObject(refused(403))
  })

  test('[S2] is held to its prefix, in whole segments', async () => {
    const prefix = freshKey()
    const binding = bound({ prefix })
    expect(await binding.increment([{ key: `${prefix}/a` }, { key: `${prefix}-b` }])).toMatchObject(
      refused(403, { errors: [{ index: 1, path: 'key' }] }),
    )
    expect(await binding.read({ key: `${prefix}-b` })).toMatchObject(refused(403))
    expect(await binding.list({ prefix: 'other/' })).toMatchObject(refused(403))
    expect(await binding.increment({ key: `${prefix}/a` })).toMatchObject({ ok: true })
  })

  test('[S2] counts no more than its limits say', async () => {
    const prefix = freshKey()
    const binding = bound({ prefix, valueMax: 10, itemsMax: 2, depth: 1 })
    const counts = (...items: readonly object[]) =>
      binding.increment(items.map((item) => ({ key: `${prefix}/a`, ...item })))
    expect(await counts({ value: 11 })).toMatchObject(refused(422, { errors: [{ index: 0, path: 'value' }] }))
    expect(await counts({}, {}, {})).toMatchObject(refused(413))
    expect(await counts({ key: `${prefix}/a/b` })).toMatchObject(
      refused(403, { errors: [{ index: 0, path: 'key' }] }),
    )
    expect(await counts({ value: 10 }, {})).toMatchObject({ ok: true, answer: { accepted: 2 } })
  })

  test('[S2] with a fault in its props does nothing, and says which', async () => {
    const detail = expect.stringMatching(/props .* scopes\[0\] must be one of write/)
    const told = refused(500, { type: 'urn:sumdial:problem:not-configured', detail })
    expect(await bound({ scopes: ['wriet'] }).increment({ key: freshKey() })).toMatchObject(told)
  })

  test('names an argument that is wrong, and what it should be, whatever structured clone carried', async () => {
    type Call = (...args: readonly unknown[]) => Promise<unknown>
    const binding = bound({}) as unknown as Record<string, Call>
    const key = freshKey()
    const at = 'must be an RFC 3339 time such as 2026-11-21T20:15:00Z or whole epoch milliseconds'
    for (const wrong of ['', true, [], null, new Date(), 5n, {}]) {
      expect(await binding['increment']?.({ key, at: wrong })).toMatchObject(
        refused(422, { errors: [{ index: 0, path: 'at', message: expect.stringContaining(at) }] }),
      )
    }
    const told: [method: string, args: readonly unknown[], detail: string][] = [
      [
        'increment',
        [{ key }, { idempotencykey: 'x' }],
        '`idempotencykey` is not a parameter here: use idempotencyKey',
      ],
      ['increment', [{ key }, { idempotencyKey: 5 }], '`idempotencyKey` must be a string'],
      ['increment', [{ key }, 'x'], '`options` must be an object such as { idempotencyKey }'],
      ['read', [key], '`question` must be an object such as { key }'],
      ['read', [{ key: 5 }], '`key` must be a text or an array of texts'],
      ['read', [{ key, form: 5 }], '`form` is not a parameter here: use key, from, to'],
      ['read', [{ key, from: new Date() }], '`from` must be a date such as 2026-11-21, or an RFC 3339 time'],
      ['read', [{ key, to: true }], '`to` must be a date such as 2026-11-21'],
      ['read', [{ key, freshHours: true }], '`freshHours` must be a whole number from 1'],
      ['read', [{ key, tz: 7 }], '`tz` must be an IANA time zone such as Europe/Berlin'],
      ['readPrefix', [key], '`question` must be an object such as { prefix }'],
      ['readPrefix', [{ prefix: 7 }], '`prefix` must be a text'],
      ['list', [{ prefix: '', cursor: 7 }], '`cursor` must be the `nextCursor` of an earlier answer'],
      ['hour', [new Date()], '`hour` must be an hour in UTC such as 2026-11-21T20Z'],
    ]
    for (const [method, args, detail] of told) {
      expect(await binding[method]?.(...args), method).toMatchObject(
        refused(422, { detail: expect.stringContaining(detail) }),
      )
    }
  })

  test('[R1] adds up the keys under a prefix, by the hour unless told otherwise', async () => {
    const [prefix, binding] = [freshKey(), bound({})]
    await binding.increment([
      { key: `${prefix}/a`, value: 2 },
      { key: `${prefix}/b`, value: 3 },
    ])
    const hours = await binding.readPrefix({ prefix: `${prefix}/` })
    const range = { range: 'this-month', compare: 'previous', tz: 'Asia/Kolkata' } as const
    expect(await binding.readPrefix({ prefix: `${prefix}/`, ...range })).toMatchObject({
      answer: { bucket: null, total: { sum: 5n }, previous: { total: { sum: 0n }, buckets: [] } },
    })
    expect(await binding.list({ prefix: `${prefix}/`, range: 'today' })).toMatchObject({
      answer: { items: [] },
    })
    expect(hours).toMatchObject({
      ok: true,
      answer: { prefix: `${prefix}/`, bucket: 'hour', total: { sum: 5n } },
    })
    expect(await binding.readPrefix({ prefix: `${prefix}/`, bucket: 'month' })).toMatchObject({
      answer: { bucket: 'month', total: { sum: 5n, count: 2 } },
    })
    expect(await bound({ prefix: 'elsewhere' }).readPrefix({ prefix: `${prefix}/` })).toMatchObject(
      refused(403),
    )
  })

  test('tells of a failure without what is secret, and when to ask again', async () => {
    const broken = await envWith({}, { SHARD: BROKEN, DATABASE_URL: `postgresql://u:${SECRET}@localhost/db` })
    const answer = await bound({}, broken as typeof env).read({ key: 'a' })
    expect(answer).toMatchObject({ ...refused(503), retryAfterSeconds: 2 })
    expect(JSON.stringify(answer)).not.toContain(SECRET)
  })
})
