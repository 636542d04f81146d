import { expect, test } from 'vitest'
import type { FlightOutcome } from '../../../src/edge/coalesce/queue.ts'
import { sendInWaves } from '../../../src/edge/ingest/waves.ts'
import { DELIVERY_WAVE_BYTES, REQUEST_PAUSE_MS, REQUEST_SENDS_MS_MAX } from '../../../src/limits.ts'
import { FakeClock } from '../../support/fake-clock.ts'

type Part = { readonly shard: string; readonly bytes: number }

/** Sends parts whose flights land when the test says so. */
function sending(parts: readonly Part[]) {
  const clock = new FakeClock()
  const flying: ((outcome: FlightOutcome) => void)[] = []
  let sent = 0
  const submit = () => {
    sent += 1
    return new Promise<FlightOutcome>((resolve) => flying.push(resolve))
  }
  const outcomes = sendInWaves(parts, ({ bytes }) => bytes, submit, clock)
  const land = async () => {
    for (const resolve of flying.splice(0)) resolve({ kind: 'accepted' })
    await clock.pass(REQUEST_PAUSE_MS)
  }
  return { clock, outcomes, land, sent: () => sent }
}

const partsOf = (count: number, bytes: number) =>
  Array.from({ length: count }, (): Part => ({ shard: 's', bytes }))

test('[I5] parts go in waves of 4 MiB, each of which waits for the one before to land', async () => {
  const { outcomes, land, sent } = sending(partsOf(5, DELIVERY_WAVE_BYTES / 2))
  expect(sent()).toBe(2)
  await land()
  expect(sent()).toBe(4)
  await land()
  expect(sent()).toBe(5)
  await land()
  expect(await outcomes).toEqual(Array.from({ length: 5 }, () => ({ kind: 'accepted' })))
})

test('a part that is larger than a wave is sent alone, and many small ones for one shard together', async () => {
  const large = sending(partsOf(2, 2 * DELIVERY_WAVE_BYTES))
  expect(large.sent()).toBe(1)
  expect(sending(partsOf(100, 1)).sent()).toBe(100)
})

test('[I5] what could not be sent in time was certainly not counted', async () => {
  const { clock, outcomes, land } = sending(partsOf(3, DELIVERY_WAVE_BYTES))
  await land()
  await clock.pass(REQUEST_SENDS_MS_MAX)
  await land()
  expect((await outcomes).map(({ kind }) => kind)).toEqual(['accepted', 'accepted', 'refused'])
})
