import { expect, test } from 'vitest'
import { readIncrementArguments } from '../../../src/edge/binding/arguments.ts'
import { Coalescer } from '../../../src/edge/coalesce/coalescer.ts'
import type { Terms } from '../../../src/edge/ingest/check.ts'
import type { CheckedIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { checkIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { KnownKeys } from '../../../src/edge/ingest/fast-path/known-keys.ts'
import { readPlainBody } from '../../../src/edge/ingest/fast-path/plain-body.ts'
import { ingest } from '../../../src/edge/ingest/ingest.ts'
import { KEY_BYTES_MAX, REQUEST_BYTES_MAX, REQUEST_ITEMS_MAX } from '../../../src/limits.ts'
import { must } from '../../../src/model/assert.ts'
import { readFlight } from '../../../src/model/flight.ts'
import { hourOf } from '../../../src/model/hour.ts'
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
  const plain = must(readPlainBody(bytes, new KnownKeys(), hourOf(TERMS.nowMs)), 'a plain body')
  expect(await ingestAlone(plain, 'a')).toMatchObject({
    kind: 'forbidden',
    limit: { kind: 'keys', prefix: 'a', path: 'key', indexes: [1] },
  })
  expect(await ingestAlone(plain)).toEqual({ accepted: 3, duplicates: 0, conflicts: [] })
})
