import { expect, test } from 'vitest'
import { createApp } from '../../../src/edge/app.ts'
import type { Ports } from '../../../src/edge/ports.ts'
import { BADGE_LABEL_CHARACTERS_MAX } from '../../../src/limits.ts'
import { nodeClock } from '../../support/node-clock.ts'

const APP = createApp({
  clock: nodeClock,
  log: () => undefined,
  config: { isOpen: true, allowedOrigins: [], hitPath: '/hit', publicPrefixes: ['pub'] },
  shards: {},
  cache: { match: async () => undefined, put: async () => undefined },
  database: {
    readCommitted: async ({ keys }: { keys: string[] }) => ({
      counters: new Map(),
      unreadable: keys[0] === 'pub/bad' ? [{ key: 'pub/bad', hour: '2026-11-21T19:00:00Z' }] : [],
    }),
  },
} as unknown as Ports)

const CONTEXT = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} }

async function badgeOf(key: string): Promise<string> {
  const request = new Request(`http://worker/badge/${encodeURIComponent(key)}.svg`)
  return (await APP.fetch(request, {}, CONTEXT)).text()
}

test('a badge is well-formed XML whatever its key is', async () => {
  const svg = await badgeOf('pub/x\ufffe<\uffff&"')
  expect(svg).not.toMatch(/[\ufffe\uffff]/)
  expect(svg).toContain('x\ufffd&lt;\ufffd&amp;&quot;</text>')
})

test('the label of a long key is shortened, with no character cut in two', async () => {
  const width = async (key: string) => Number(/width="(\d+)"/.exec(await badgeOf(key))?.[1])
  expect(await width(`pub/${'k'.repeat(200)}`)).toBe(
    await width(`pub/${'k'.repeat(BADGE_LABEL_CHARACTERS_MAX)}`),
  )
  expect(await badgeOf(`pub/${'\u{1d11e}'.repeat(100)}`)).toContain(
    `>${'\u{1d11e}'.repeat(BADGE_LABEL_CHARACTERS_MAX - 1)}\u2026</text>`,
  )
})

test('a badge of a key with a row that is no number names the row, and shows no sum that lacks it', async () => {
  expect(JSON.parse(await badgeOf('pub/bad'))).toMatchObject({
    status: 500,
    rows: [{ key: 'pub/bad', hour: '2026-11-21T19:00:00Z' }],
  })
})
