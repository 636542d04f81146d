import { describe, expect, test } from 'vitest'
import type { FetchAnswer } from '../../src/client/index.ts'
import { ModelServer } from './model-server.ts'
import { type Rig, rig } from './rig.ts'

/** A client whose first request is taken and answered so; all later ones by the model. */
function answered(first: () => FetchAnswer | Promise<FetchAnswer>): Rig {
  const server = new ModelServer([])
  let isFirst = true
  const all = rig([], {
    async fetch(url, init) {
      const answer = await server.fetch(url, init)
      if (!isFirst) return answer
      isFirst = false
      return first()
    },
  })
  return { ...all, server }
}

const PROBLEM = 'application/problem+json'

function answerOf(status: number, body: string, type = PROBLEM): FetchAnswer {
  return new Response(body, { status, headers: { 'content-type': type } })
}

/** Has neither a text nor a number: String() and Number() throw. */
const NOTHING = '{"toString":1,"valueOf":1}'

test.each([400, 413, 415, 422])(
  '[I3] %d from a proxy is not believed: it is sent again under the same name, and counts once',
  async (status) => {
    const { sumdial, server, clock, given } = answered(() => answerOf(status, '<html>', 'text/html'))
    for (const key of ['a', 'b']) sumdial.increment(key)
    await clock.pass(30_000)
    expect(server.requests.map(({ name, items }) => [name, items.length])).toEqual([
      ['uuid-1', 2],
      ['uuid-1', 2],
    ])
    expect([sumdial.held, given, [...server.counts.values()]]).toEqual([0, [], [1, 1]])
  },
)

test('what a proxy has refused to the end is given up as what may have been counted', async () => {
  const { sumdial, clock, given } = rig([], {
    fetch: async () => answerOf(403, '{"errors":[{"index":0,"message":"no"}]}', 'application/json'),
  })
  const doubted = rig([], { fetch: async () => answerOf(400, '<html>', 'text/html') })
  for (const one of [sumdial, doubted.sumdial]) one.increment('a')
  const closing = [sumdial.close(), doubted.sumdial.close()]
  await Promise.all([clock.pass(10_000), doubted.clock.pass(10_000), ...closing])
  const reasons = [...given, ...doubted.given].map(({ reason: { kind, mayHaveCounted } }) => [
    kind,
    mayHaveCounted,
  ])
  expect(reasons).toEqual([
    ['closed', false],
    ['closed', true],
  ])
})

describe('an answer that is not as promised', () => {
  test.each([
    [202, `{"accepted":${NOTHING},"duplicates":0,"conflicts":[]}`],
    [202, '{"accepted":"1","duplicates":0,"conflicts":[]}'],
    [202, 'null'],
    [500, `{"title":${NOTHING}}`],
    [503, `{"title":"T","detail":${NOTHING},"refused":[${NOTHING}],"unknown":[]}`],
  ])('[I3] %d %s is sent again, and counts once', async (status, body) => {
    const { sumdial, server, clock, given } = answered(() => answerOf(status, body))
    sumdial.increment('a')
    await clock.pass(30_000)
    expect([sumdial.held, given, server.counts.get('a')]).toEqual([0, [], 1])
    expect(server.requests).toHaveLength(2)
  })

  test.each([
    [400, `{"title":${NOTHING},"detail":[]}`, '400'],
    [422, `{"title":"No","errors":[{"index":0,"path":{},"message":${NOTHING}}]}`, '422: No'],
    [422, '{"errors":[{"index":0,"path":"","message":"is odd"},{"index":1,"message":"x"},null]}', 'is odd'],
  ])('%d %s is told in what words it has', async (status, body, detail) => {
    const { sumdial, clock, given } = answered(() => answerOf(status, body))
    sumdial.increment('a')
    await clock.pass(30_000)
    expect(given).toMatchObject([{ reason: { kind: 'refused', detail, mayHaveCounted: false } }])
    expect(sumdial.held).toBe(0)
  })

  test.each([
    [
      'an answer of another fetch that cannot be read',
      () => ({ status: 503, headers: { get: () => Symbol('none') as never }, text: async () => '' }),
    ],
    [
      'a header that is no text',
      () => ({
        status: 503,
        headers: { get: (name: string) => (name === 'retry-after' ? (Object.create(null) as never) : null) },
        text: async () => '',
      }),
    ],
    ['a rejection without words', () => Promise.reject(Object.create(null))],
  ])('%s: is sent again, and closes', async (_, first) => {
    const { sumdial, server, clock, given } = answered(first)
    sumdial.increment('a')
    await clock.pass(1_000)
    const closing = sumdial.close()
    await clock.pass(10_000)
    await closing
    expect([sumdial.held, given, server.counts.get('a')]).toEqual([0, [], 1])
  })
})
