import { expect, test } from 'vitest'
import type { Clock } from '../../../src/clock.ts'
import { readIncrementArguments } from '../../../src/edge/binding/arguments.ts'
import { Coalescer } from '../../../src/edge/coalesce/coalescer.ts'
import type { Terms } from '../../../src/edge/ingest/check.ts'
import type { CheckedIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { checkIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { KnownTexts, plainKey } from '../../../src/edge/ingest/fast-path/known-texts.ts'
import { readPlainBody } from '../../../src/edge/ingest/fast-path/plain-body.ts'
import { ingest } from '../../../src/edge/ingest/ingest.ts'
import {
  KEY_BYTES_MAX,
  REQUEST_BYTES_MAX,
  REQUEST_ITEMS_MAX,
  REQUEST_PARTS_AT_ONCE,
  REQUEST_PAUSE_MS,
  REQUEST_SENDS_MS_MAX,
  REQUEST_SHARDS_MAX,
} from '../../../src/limits.ts'
import { must } from '../../../src/model/assert.ts'
import type { MergeAnswer } from '../../../src/model/flight.ts'
import { readFlight } from '../../../src/model/flight.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { eitherOf, goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

/** The answer of an idle Worker, in front of shards that accept everything. */
async function ingestAlone(increments: CheckedIncrements, prefix: string | null = null) {
  const coalescer = new Coalescer({
    clock: nodeClock,
    send: async (_, flight) => {
      const { named } = readFlight(flight)
      return named.length === 0
        ? { kind: 'accepted' }
        : { kind: 'accepted', named: named.map(() => 'accepted') }
    },
  })
  const ingested = await ingest(increments, {
    config: { shards: scheduleOf('1') },
    coalescer,
    clock: nodeClock,
    log: () => undefined,
    keepAlive: () => undefined,
    grant: { name: 't', scopes: ['write'], prefix },
  })
  return eitherOf(ingested)
}

const TERMS: Terms = { nowMs: nodeClock.now(), lateHours: scheduleOf('72'), mayAdjust: false }

const ALL = { accepted: REQUEST_ITEMS_MAX, duplicates: 0, conflicts: [] }

function itemsOf(key: (i: number) => string, more: (i: number) => object = () => ({})) {
  return Array.from({ length: REQUEST_ITEMS_MAX }, (_, i) => ({ key: key(i), ...more(i) }))
}

test('[I5] any one request within its bounds is taken: as many items with ids as its bytes allow', async () => {
  const at = nodeClock.now()
  const items = itemsOf(
    (i) => `${'k'.repeat(345)}${i}`,
    (i) => ({ at, id: `i${i}` }),
  )
  expect(JSON.stringify(items).length).toBeLessThan(REQUEST_BYTES_MAX)
  expect(await ingestAlone(goodOf(checkIncrements(items, undefined, TERMS)))).toEqual(ALL)
})

test('[I5] what comes through a binding has the bound of a body, and is taken within it', async () => {
  const at = nodeClock.now()
  const quotes = (length: number) =>
    itemsOf(
      (i) => `${i}${'"'.repeat(length)}`,
      (i) => ({ at, id: `i${i}` }),
    )
  expect(await ingestAlone(goodOf(readIncrementArguments(quotes(180), {}, TERMS)))).toEqual(ALL)
  expect(eitherOf(readIncrementArguments(quotes(KEY_BYTES_MAX - 5), {}, TERMS))).toMatchObject({
    kind: 'body_too_large',
  })
})

test('[S2] what was good as it was read is held to the prefix of its token, and every key outside it is named', async () => {
  const bytes = new TextEncoder().encode('[{"key":"a/b"},{"key":"ab"},{"key":"a","value":3}]')
  const plain = must(readPlainBody(bytes, new KnownTexts(plainKey), hourOf(TERMS.nowMs)), 'a plain body')
  expect(await ingestAlone(plain, 'a')).toMatchObject({
    kind: 'forbidden',
    limit: { kind: 'keys', prefix: 'a', path: 'key', indexes: [1] },
  })
  expect(await ingestAlone(plain)).toEqual({ accepted: 3, duplicates: 0, conflicts: [] })
})

/** One increment in each of so many hours, the current one last. */
function anHourEach(hours: number): CheckedIncrements {
  const items = Array.from({ length: hours }, (_, i) => ({ key: 'a', at: TERMS.nowMs - i * 3_600_000 }))
  return goodOf(checkIncrements(items, undefined, { ...TERMS, lateHours: scheduleOf('1000000') }))
}

/** Ingests with one shard an hour, while `send` stands for the shards and the clock says what it is told to. */
async function ingestBeside(
  increments: CheckedIncrements,
  send: (shard: string) => Promise<MergeAnswer>,
  clock: Pick<Clock, 'now' | 'sleep'> = nodeClock,
) {
  const ingested = await ingest(increments, {
    config: { shards: scheduleOf('1') },
    coalescer: new Coalescer({ clock: nodeClock, send }),
    clock,
    log: () => undefined,
    keepAlive: () => undefined,
    grant: { name: 't', scopes: ['write'], prefix: null },
  })
  return eitherOf(ingested)
}

test('[I5] [I2] a request for more shards than its bound is refused whole: no shard is called', async () => {
  const called = new Set<string>()
  const send = async (shard: string) => {
    called.add(shard)
    return { kind: 'accepted' } as const
  }
  expect(await ingestBeside(anHourEach(REQUEST_SHARDS_MAX + 1), send)).toEqual({
    kind: 'too_many_shards',
    shards: REQUEST_SHARDS_MAX + 1,
    shardsMax: REQUEST_SHARDS_MAX,
  })
  expect(called.size).toBe(0)
  expect(await ingestBeside(anHourEach(REQUEST_SHARDS_MAX), send)).toMatchObject({
    accepted: REQUEST_SHARDS_MAX,
  })
  expect(called.size).toBe(REQUEST_SHARDS_MAX)
})

test('[I5] a request for many shards calls a few at a time, and leaves others a moment in between', async () => {
  const clock = new FakeClock(0)
  let sent = 0
  const send = async () => {
    sent += 1
    return { kind: 'accepted' } as const
  }
  const answer = ingestBeside(anHourEach(REQUEST_SHARDS_MAX), send, clock)
  for (let waves = 1; waves * REQUEST_PARTS_AT_ONCE <= REQUEST_SHARDS_MAX; waves++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(sent).toBe(waves * REQUEST_PARTS_AT_ONCE)
    await clock.pass(REQUEST_PAUSE_MS)
  }
  expect(await answer).toMatchObject({ accepted: REQUEST_SHARDS_MAX })
})

test('[I5] of a request whose shards are slow, the parts that could not be sent in time are told as not counted', async () => {
  let nowMs = 0
  let sent = 0
  const send = async () => {
    sent += 1
    if (sent === 50) nowMs = REQUEST_SENDS_MS_MAX
    return { kind: 'accepted' } as const
  }
  const answer = await ingestBeside(anHourEach(100), send, { now: () => nowMs, sleep: async () => undefined })
  expect(answer).toMatchObject({ kind: 'not_all_counted', unknown: [], reasons: ['not sent in time'] })
  expect('refused' in answer && answer.refused.length + sent).toBe(100)
})
