import { CloudEvent, HTTP, type Message } from 'cloudevents'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { identityOf } from '../../../../src/edge/ingest/formats/cloudevents/identity.ts'
import { allowWebHook, receiveEvents } from '../../../../src/edge/ingest/formats/cloudevents.ts'
import { REQUEST_ITEMS_MAX } from '../../../../src/limits.ts'
import { idFault, keyFault } from '../../../../src/model/key.ts'
import { nodeClock } from '../../../support/node-clock.ts'
import { FormatStage } from './format-stage.ts'

const METERS = JSON.stringify([
  { name: 'orders', match: { type: 'order.paid' }, key: 'credits/{subject}', value: '{data.amount}' },
  { name: 'views', match: { type: 'page.view' }, key: 'site{subject|path}' },
  { name: 'timed', match: { type: 'timed' }, key: 'timed', at: '{data.at}', value: '{data.amount|or:1}' },
  // For records that are named to /records: not for events, though a field of its key is there.
  { name: 'lines', key: 'lines/{source}' },
])

const stageOf = (meters = METERS) => new FormatStage(receiveEvents, { meters })

const now = () => new Date(nodeClock.now()).toISOString()

function event(fields: Record<string, unknown> = {}): CloudEvent<unknown> {
  return new CloudEvent({
    id: crypto.randomUUID(),
    source: '/shop',
    type: 'order.paid',
    subject: 'acme',
    time: now(),
    data: { amount: 5 },
    ...fields,
  })
}

/** Percent-encodes headers as the binding wants it, which the package leaves to its users. Source: section 3.1.3.2. */
function encoded({ headers, body }: Message): Message {
  const encode = (text: string) => text.replaceAll(/[^!#$&-~]/gu, encodeURIComponent)
  const all = Object.entries(headers).map(([name, value]) => [
    name,
    name.startsWith('ce-') ? encode(String(value)) : value,
  ])
  return { headers: Object.fromEntries(all), body }
}

const MODES = {
  binary: (one: CloudEvent<unknown>) => encoded(HTTP.binary(one)),
  structured: (one: CloudEvent<unknown>) => HTTP.structured(one),
  batch: (one: CloudEvent<unknown>): Message => ({
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify([one]),
  }),
  plain: (one: CloudEvent<unknown>): Message => ({
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(one),
  }),
}

async function send(stage: FormatStage, { headers, body }: Message) {
  const response = await stage.post(String(body), headers as Record<string, string>)
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

const batchOf = (...events: unknown[]): Message => ({
  headers: { 'content-type': 'application/cloudevents-batch+json' },
  body: JSON.stringify(events),
})

describe.each(Object.entries(MODES))('a CloudEvent in the mode %s', (_, write) => {
  test('[N1] counts by the meter that it matches, and once however often it comes', async () => {
    const stage = stageOf()
    const paid = event()
    expect(await send(stage, write(paid))).toEqual({ status: 204, body: undefined })
    expect(await send(stage, write(paid))).toEqual({ status: 204, body: undefined })
    expect(await send(stage, write(event()))).toEqual({ status: 204, body: undefined })
    expect(stage.sums).toEqual({ 'credits/acme': 10 })
  })

  test('makes one and the same key of any subject', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), async (subject) => {
        const stage = stageOf()
        fc.pre(keyFault(`credits/${subject}`) === undefined)
        expect((await send(stage, write(event({ subject })))).status).toBe(204)
        expect(stage.sums).toEqual({ [`credits/${subject}`]: 5 })
      }),
    )
  })
})

describe('events', () => {
  test('in the binary mode may have an attribute of any name, such as __proto__', async () => {
    const meters = JSON.stringify([{ name: 'm', match: { type: 'a' }, key: 'k/{__proto__}' }])
    const stage = stageOf(meters)
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/',
      'ce-type': 'a',
      'ce-time': now(),
    }
    expect((await stage.post('', { ...headers, 'ce-__proto__': 'x' })).status).toBe(204)
    expect(stage.sums).toEqual({ 'k/x': 1 })
  })

  test('[N2] are counted but for the bad ones, each of which the answer names and says why', async () => {
    const stage = stageOf()
    const { specversion: _, ...old } = event().toJSON()
    const body = batchOf(
      event(),
      { ...event().toJSON(), id: '' },
      old,
      event({ data: { amount: 0.5 } }),
      event({ data: {} }),
      event({ time: '2020-01-01T00:00:00Z' }),
      { ...event().toJSON(), time: undefined },
      { ...event().toJSON(), time: 'yesterday' },
      'no event',
    )
    expect(await send(stage, body)).toMatchObject({
      status: 422,
      body: {
        type: 'urn:sumdial:problem:records-refused',
        detail: expect.stringContaining('All others were counted.'),
        errors: [
          { index: 1, path: '', message: 'must have a text as `id`' },
          { index: 2, path: '', message: 'must have `specversion` 1.0' },
          { index: 3, path: 'data.amount', message: expect.stringMatching(/whole number/) },
          { index: 4, path: 'data.amount', message: 'is missing' },
          { index: 5, path: 'at', message: expect.stringMatching(/open hour/) },
          {
            index: 6,
            path: 'time',
            message: expect.stringMatching(/must be given, unless the meter finds a time/),
          },
          { index: 7, path: 'time', message: expect.stringMatching(/RFC 3339/) },
          { index: 8, path: '', message: 'must be an object' },
        ],
      },
    })
    expect(stage.sums).toEqual({ 'credits/acme': 5 })
  })

  test('[N2] that no meter is for are told by their number, and events without any meter are refused', async () => {
    const stage = stageOf()
    expect(await send(stage, batchOf(event(), event({ type: 'order.sent' })))).toEqual({
      status: 200,
      body: { accepted: 1, duplicates: 0, unmatched: 1 },
    })
    const without = stageOf(JSON.stringify([{ name: 'lines', key: 'lines/{source}' }]))
    expect(await send(without, batchOf(event()))).toMatchObject({
      status: 422,
      body: { type: 'urn:sumdial:problem:no-meter' },
    })
  })

  test('with an identity that came with another value are told of, and do not change what was counted', async () => {
    const stage = stageOf()
    const paid = event()
    await send(stage, batchOf(paid))
    expect(await send(stage, batchOf({ ...paid.toJSON(), data: { amount: 6 } }))).toMatchObject({
      status: 422,
      body: { errors: [{ index: 0, path: 'id', message: expect.stringMatching(/came before/) }] },
    })
    expect(stage.sums).toEqual({ 'credits/acme': 5 })
  })

  test('[N1] that are too many for each to have its own name count once as a whole, and that is said', async () => {
    const stage = stageOf()
    const { source, type, subject, time, specversion } = event({ type: 'page.view', subject: '/a' })
    const many = (count: number) =>
      batchOf(
        ...Array.from({ length: count }, (_, i) => ({
          id: `${i}`,
          source,
          type,
          subject,
          time,
          specversion,
        })),
      )
    expect((await send(stage, many(REQUEST_ITEMS_MAX))).status).toBe(204)
    const more = many(REQUEST_ITEMS_MAX + 1)
    for (const counted of [{ accepted: REQUEST_ITEMS_MAX + 1 }, { duplicates: REQUEST_ITEMS_MAX + 1 }]) {
      const note = expect.stringContaining('once as a whole')
      expect(await send(stage, more)).toMatchObject({ status: 200, body: { ...counted, unmatched: 0, note } })
    }
  })

  test('without a time count by a meter that finds one elsewhere', async () => {
    const stage = stageOf()
    const { time: _, ...timeless } = event({ type: 'timed', data: { at: now() } }).toJSON()
    expect(await send(stage, batchOf(timeless))).toMatchObject({ status: 204 })
    expect(stage.sums).toEqual({ timed: 1 })
  })

  test('of 0 count nothing and are no fault', async () => {
    const stage = stageOf()
    expect(await send(stage, batchOf(event({ data: { amount: 0 } })))).toMatchObject({ status: 204 })
    expect(stage.sums).toEqual({})
  })

  test('in the binary mode with data that is no JSON count where no field of it is needed', async () => {
    const stage = stageOf()
    const view = HTTP.binary(
      event({ type: 'page.view', subject: '/a?b=1', datacontenttype: 'text/plain', data: 'x' }),
    )
    expect(await send(stage, view)).toMatchObject({ status: 204 })
    expect(stage.sums).toEqual({ 'site/a': 1 })
  })

  test.each([
    ['application/cloudevents+xml', '<event/>', 415],
    ['text/plain', 'x', 415],
    ['application/cloudevents+json', '{', 422],
    ['application/cloudevents-batch+json', '"\u0000', 422],
  ])('that cannot be read, as %s, are a %s', async (type, body, status) => {
    const stage = stageOf()
    const answer = await send(stage, { headers: { 'content-type': type }, body })
    expect(answer.status).toBe(status)
    expect(answer.body.detail.length).toBeGreaterThan(20)
  })

  test('are never answered 5xx, whatever they are', async () => {
    const stage = stageOf()
    const fields = fc.dictionary(
      fc.constantFrom('specversion', 'id', 'source', 'type', 'time', 'subject', 'data'),
      fc.oneof(fc.constantFrom<unknown>('1.0', 'timed', 'order.paid', null, 1, now()), fc.jsonValue()),
    )
    const types = fc.constantFrom(
      'application/cloudevents+json',
      'application/cloudevents-batch+json',
      'application/json',
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fields, fc.array(fields), fc.string()), types, async (value, type) => {
        const body = typeof value === 'string' ? value : JSON.stringify(value)
        expect((await send(stage, { headers: { 'content-type': type }, body })).status).toBeLessThan(500)
      }),
    )
  })
})

describe('the identity of an event', () => {
  const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('a', ' ', '\n') }))

  test('is an id that shards take, and another one for each source and id', () => {
    fc.assert(
      fc.property(text, text, text, text, (source, id, otherSource, otherId) => {
        expect(idFault(identityOf(source, id))).toBeUndefined()
        const isSame = source === otherSource && id === otherId
        expect(identityOf(source, id) === identityOf(otherSource, otherId)).toBe(isSame)
      }),
    )
    expect(identityOf('a b', 'c')).not.toBe(identityOf('a', 'b c'))
    expect(identityOf('https://example.com/a/very/long/source/of/events', crypto.randomUUID())).toHaveLength(
      43,
    )
  })
})

test('a sender that asks whether it may send is told that it may', () => {
  const ask = (headers: Record<string, string>) =>
    allowWebHook(new Request('http://worker/events', { method: 'OPTIONS', headers }))
  const answer = ask({ 'WebHook-Request-Origin': 'events.example.com', 'WebHook-Request-Rate': '120' })
  expect(answer.status).toBe(200)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    allow: 'OPTIONS, POST',
    'webhook-allowed-origin': 'events.example.com',
    'webhook-allowed-rate': '*',
  })
})
