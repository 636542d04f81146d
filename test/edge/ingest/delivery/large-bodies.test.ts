import { describe, expect, test } from 'vitest'
import { LargeBodies } from '../../../../src/edge/ingest/delivery/large-bodies.ts'
import { LARGE_BODIES_MAX, LARGE_BODY_REST_MS_MAX, REQUEST_BYTES_MAX } from '../../../../src/limits.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const LARGE = REQUEST_BYTES_MAX + 1

describe('[I5] the large bodies of an isolate', () => {
  test('are so many at a time; small ones are not counted, and an end makes room', () => {
    const bodies = new LargeBodies(new FakeClock())
    const held = Array.from({ length: LARGE_BODIES_MAX }, () => bodies.begin())
    expect(held.map((body) => body.grow(LARGE))).toEqual(held.map(() => true))
    const other = bodies.begin()
    expect([other.grow(REQUEST_BYTES_MAX), other.grow(LARGE)]).toEqual([true, false])
    expect(held[0]?.grow(2 * LARGE)).toBe(true)
    held[0]?.[Symbol.dispose]()
    expect(other.grow(LARGE)).toBe(true)
  })

  test('leave their place when nothing has come for long, because their requests are lost', async () => {
    const clock = new FakeClock()
    const bodies = new LargeBodies(clock)
    const held = Array.from({ length: LARGE_BODIES_MAX }, () => bodies.begin())
    for (const body of held) body.grow(LARGE)
    await clock.pass(LARGE_BODY_REST_MS_MAX)
    held[0]?.grow(2 * LARGE)
    await clock.pass(1)
    expect(bodies.begin().grow(LARGE)).toBe(true)
    expect(bodies.begin().grow(LARGE)).toBe(false)
  })
})
