import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type ClientOptions, createClient } from '../../src/client/index.ts'
import * as limits from '../../src/client/limits.ts'
import * as serverLimits from '../../src/limits.ts'
import { ModelServer, type RequestFate } from './model-server.ts'
import { BEGAN_MS, rig } from './rig.ts'

describe('an increment', () => {
  test('leaves with others after a second, with the time of its call and one Idempotency-Key', async () => {
    const { sumdial, server, clock } = rig()
    sumdial.increment('site/a')
    await clock.pass(400)
    sumdial.increment('site/a', 3)
    await clock.pass(599)
    expect(server.requests).toEqual([])
    await clock.pass(1)
    expect(server.requests).toEqual([
      {
        name: 'uuid-1',
        keepalive: false,
        items: [
          { key: 'site/a', value: 1, at: BEGAN_MS },
          { key: 'site/a', value: 3, at: BEGAN_MS + 400 },
        ],
      },
    ])
    expect(sumdial.held).toBe(0)
  })

  test('that no server would take throws a TypeError, and is not held', () => {
    const { sumdial } = rig()
    const wrong: (() => void)[] = [
      () => sumdial.increment(''),
      () => sumdial.increment('k'.repeat(513)),
      () => sumdial.increment('ä'.repeat(257)),
      () => sumdial.increment('a\nb'),
      () => sumdial.increment('\ud800'),
      () => sumdial.increment('k', 0),
      () => sumdial.increment('k', 1.5),
      () => sumdial.increment('k', 2 ** 53),
      () => sumdial.increment('k', Number.NaN),
      () => sumdial.increment('k', 1, { at: new Date('never') }),
      () => sumdial.increment('k', 1, { at: 1.5 }),
      () => sumdial.increment('k', 1, { id: '' }),
      () => sumdial.increment('k', 1, { id: 'i'.repeat(65) }),
    ]
    for (const call of wrong) expect(call).toThrow(TypeError)
    expect(sumdial.held).toBe(0)
  })

  test('with an id goes without an Idempotency-Key, apart from the others', async () => {
    const { sumdial, server } = rig()
    sumdial.increment('a')
    sumdial.increment('b', 2, { id: 'order 7', at: new Date(BEGAN_MS - 1) })
    await sumdial.flush()
    expect(server.requests.map(({ name, items }) => ({ name, items }))).toEqual([
      { name: 'uuid-1', items: [{ key: 'a', value: 1, at: BEGAN_MS }] },
      { name: null, items: [{ key: 'b', value: 2, at: BEGAN_MS - 1, id: 'order 7' }] },
    ])
  })

  test('shares its request with some of other hours, never of more shards than the server allows', async () => {
    const { sumdial, server } = rig()
    const hours = 30
    for (let i = 0; i < hours * 15; i++) sumdial.increment('a', 1, { at: BEGAN_MS - (i % hours) * 3_600_000 })
    for (let i = 0; i < 300; i++) sumdial.increment('b', 1, { at: BEGAN_MS - 99 * 3_600_000 })
    for (let i = 0; i < 60; i++) sumdial.increment('c', 1, { at: BEGAN_MS - i * 3_600_000, id: `c${i}` })
    await sumdial.flush()
    const shapes = server.requests.map(({ name, items }) => ({
      items: items.length,
      hours: new Set(items.map(({ at }) => Math.floor(Number(at) / 3_600_000))).size,
      haveIds: name === null,
    }))
    const of4 = Array.from({ length: 7 }, () => ({ items: 60, hours: 4, haveIds: false }))
    expect(shapes.slice(0, 10)).toEqual([
      ...of4,
      { items: 30, hours: 2, haveIds: false },
      { items: 300, hours: 1, haveIds: false },
      { items: 4, hours: 4, haveIds: true },
    ])
  })

  test('[I3] whose hour closes between two tries is given up alone: the rest of its request goes on, and counts once', async () => {
    const { sumdial, server, given, clock } = rig(['lost after'])
    sumdial.increment('late', 1, { at: BEGAN_MS - 3_600_000 })
    sumdial.increment('now')
    const flushed = sumdial.flush()
    server.closedBeforeMs = BEGAN_MS - (BEGAN_MS % 3_600_000)
    await clock.pass(1_000)
    await flushed
    expect(given).toMatchObject([
      { increments: [{ key: 'late' }], reason: { kind: 'refused', mayHaveCounted: true } },
    ])
    expect(Object.fromEntries(server.counts)).toEqual({ late: 1, now: 1 })
    expect(new Set(server.requests.map(({ name }) => name)).size).toBe(1)
  })

  test('leaves at once when its batch is full', async () => {
    const { sumdial, server, clock } = rig([], { batchMax: 2 })
    for (const key of ['a', 'b', 'c']) sumdial.increment(key)
    await clock.pass(0)
    expect(server.requests).toHaveLength(1)
    expect(sumdial.held).toBe(1)
  })
})

describe('what is sent again', () => {
  test.each(['lost after', 'gateway', 'proxy', 'garbled', 'unknown in part', 'no token', 'busy'] as const)(
    '[I3] after "%s": the same request under the same name, counted once',
    async (fate) => {
      const { sumdial, server, clock, given } = rig([fate])
      for (const key of ['a0', 'a1', 'a2']) sumdial.increment(key)
      await clock.pass(30_000)
      const [first, second, ...others] = server.requests
      expect(second).toEqual(first)
      expect(others).toEqual([])
      expect(Object.fromEntries(server.counts)).toEqual({ a0: 1, a1: 1, a2: 1 })
      expect([sumdial.held, given]).toEqual([0, []])
    },
  )

  test('waits as long as Retry-After asks', async () => {
    const { sumdial, server, clock } = rig(['busy'])
    sumdial.increment('a')
    await clock.pass(10_999)
    expect(server.requests).toHaveLength(1)
    await clock.pass(1)
    expect(server.requests).toHaveLength(2)
  })

  test('waits longer each time, up to half a minute', async () => {
    const { sumdial, server, clock } = rig(Array.from({ length: 12 }, () => 'lost before' as const))
    const sentMs: number[] = []
    sumdial.increment('a')
    for (let second = 0; second < 300; second++) {
      await clock.pass(1_000)
      if (server.requests.length > sentMs.length) sentMs.push(clock.now())
    }
    const waits = sentMs.map((ms, i) => ms - (sentMs[i - 1] ?? 0)).slice(-3)
    expect(waits).toEqual([22_500, 22_500, 22_500].map((ms) => expect.closeTo(ms, -3.2)))
    expect([sumdial.held, server.counts.get('a')]).toEqual([0, 1])
  })

  test('is at most four requests at a time: what comes meanwhile gathers', async () => {
    const { sumdial, server, clock } = rig(Array.from({ length: 40 }, () => 'lost before' as const))
    for (let i = 0; i < 20; i++) {
      sumdial.increment(`a${i}`)
      await clock.pass(1_000)
    }
    expect(new Set(server.requests.map(({ name }) => name)).size).toBe(limits.DELIVERIES_MAX)
    await clock.pass(600_000)
    expect(new Set(server.requests.map(({ name }) => name)).size).toBe(limits.DELIVERIES_MAX + 1)
    expect(server.counts.size).toBe(20)
  })
})

describe('what is given up', () => {
  test('[I2] bad items, with the reason of each; the others are sent under a new name', async () => {
    const { sumdial, server, given } = rig()
    for (const key of ['a', 'forbidden/b', 'c']) sumdial.increment(key)
    await sumdial.flush()
    expect(given).toEqual([
      {
        increments: [{ key: 'forbidden/b', value: 1, at: BEGAN_MS }],
        reason: { kind: 'refused', detail: 'key must be under the prefix', mayHaveCounted: false },
      },
    ])
    expect(server.requests.map(({ name }) => name)).toEqual(['uuid-1', 'uuid-2'])
    expect([...server.counts.keys()]).toEqual(['a', 'c'])
  })

  test('[I3] bad items of a request that may have been counted: the others keep its name, and count once', async () => {
    const { sumdial, server, clock, given } = rig(['lost after'])
    for (const key of ['site/0', 'later/2', 'site/1']) sumdial.increment(key)
    await clock.pass(1_000)
    server.forbidden = 'later/'
    await clock.pass(30_000)
    expect(server.requests.map(({ name }) => name)).toEqual(['uuid-1', 'uuid-1', 'uuid-1'])
    expect([...server.counts.values()]).toEqual([1, 1, 1])
    expect(given.map(({ increments, reason }) => [increments.length, reason.mayHaveCounted])).toEqual([
      [1, true],
    ])
    expect(sumdial.held).toBe(0)
  })

  test('those whose hour has closed meanwhile, in words', async () => {
    const { sumdial, server, clock, given } = rig(['lost before', 'busy'])
    sumdial.increment('a')
    await clock.pass(5_000)
    server.closedBeforeMs = Date.UTC(2026, 10, 21, 21)
    await clock.pass(30_000)
    expect(given.map(({ reason }) => reason)).toEqual([
      { kind: 'refused', detail: 'at must be in an open hour', mayHaveCounted: true },
    ])
  })

  test('an id that came before with another value', async () => {
    const { sumdial, given, server } = rig()
    sumdial.increment('a', 1, { id: 'x' })
    await sumdial.flush()
    sumdial.increment('a', 2, { id: 'x' })
    sumdial.increment('a', 1, { id: 'x' })
    await sumdial.flush()
    expect(given).toMatchObject([{ increments: [{ value: 2, id: 'x' }], reason: { kind: 'conflict' } }])
    expect(server.counts.get('a')).toBe(1)
  })

  test('what is too large alone; the rest goes in halves', async () => {
    const { sumdial, server, given } = rig()
    server.itemsMax = 2
    for (let i = 0; i < 7; i++) sumdial.increment(`a${i}`)
    await sumdial.flush()
    expect(server.counts.size).toBe(7)
    server.itemsMax = 0
    sumdial.increment('b')
    await sumdial.flush()
    expect(given).toMatchObject([{ increments: [{ key: 'b' }], reason: { kind: 'refused' } }])
  })

  test('what comes past the bound; what is held stays', async () => {
    const { sumdial, given, server, clock } = rig(['lost before'], { heldMax: 2 })
    for (const key of ['a', 'b', 'c']) sumdial.increment(key)
    await clock.pass(10_000)
    expect(given).toMatchObject([
      { increments: [{ key: 'c' }], reason: { kind: 'full', mayHaveCounted: false } },
    ])
    expect([...server.counts.keys()]).toEqual(['a', 'b'])
    const small = rig([], { heldBytesMax: 100 })
    for (const key of ['a', 'b', 'c']) small.sumdial.increment(key)
    await small.clock.pass(0)
    expect(small.given).toMatchObject([{ increments: [{ key: 'c' }], reason: { kind: 'full' } }])
  })

  test('is said on the console when nobody else hears of it: at once, and what a minute gathers at its end', async () => {
    const { sumdial, clock, said } = quiet([], { heldMax: 1 })
    for (const key of ['a', 'b', 'c', 'd']) sumdial.increment(key)
    await clock.pass(59_999)
    expect(said()).toEqual([`${GAVE_UP} 1 increments: full: 1 increments are held, and not acknowledged`])
    await clock.pass(1)
    expect(said()).toEqual([`${GAVE_UP} 2 increments: full: 1 increments are held, and not acknowledged`])
    for (const key of ['e', 'f']) sumdial.increment(key)
    await clock.pass(59_999)
    expect(said()).toEqual([])
    await clock.pass(1)
    expect(said()).toEqual([`${GAVE_UP} 1 increments: full: 1 increments are held, and not acknowledged`])
    await clock.pass(60_000)
    expect([said(), clock.timers]).toEqual([[], 0])
  })

  test('is said on the console to the last one when close has ended, each kind with its reason', async () => {
    const { sumdial, clock, said } = quiet(['lost after', 'lost before'], { heldMax: 1 })
    for (let i = 0; i < 1_000; i++) sumdial.increment('a')
    const closing = sumdial.close({ deadlineMs: 50 })
    await clock.pass(50)
    await closing
    expect(said()).toEqual([
      `${GAVE_UP} 1 increments: full: 1 increments are held, and not acknowledged`,
      `${GAVE_UP} 998 increments: full: 1 increments are held, and not acknowledged`,
      `${GAVE_UP} 1 increments (they may have been counted): closed: closed before it was acknowledged`,
    ])
  })
})

const GAVE_UP = 'sumdial: gave up'

/** A client that nobody listens to; `said` takes what the console was told since it was asked before. */
function quiet(fates: readonly RequestFate[], options: Partial<ClientOptions>) {
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  onTestFinished(() => warn.mockRestore())
  const said = () => {
    const lines = warn.mock.calls.flat()
    warn.mockClear()
    return lines
  }
  return { ...rig(fates, { onGiveUp: undefined, onRetry: undefined, ...options }), said }
}

describe('the end', () => {
  test('flush resolves when what was handed in before is settled, whatever comes after', async () => {
    const { sumdial, clock, server } = rig(['busy'], { lingerMs: 60_000 })
    sumdial.increment('a')
    let isFlushed = false
    const flushed = sumdial.flush().then(() => {
      isFlushed = true
    })
    await clock.pass(9_000)
    sumdial.increment('b')
    expect(isFlushed).toBe(false)
    await clock.pass(1_000)
    await flushed
    expect([server.counts.get('a'), sumdial.held]).toEqual([1, 1])
  })

  test('close gives up what is not settled at its deadline, and says what may have been counted', async () => {
    const { sumdial, clock, server, given } = rig(['lost after', 'busy', 'busy'])
    sumdial.increment('a')
    const closing = sumdial.close({ deadlineMs: 2_000 })
    sumdial.increment('b')
    await clock.pass(2_000)
    await closing
    expect(given).toMatchObject([
      { increments: [{ key: 'b' }], reason: { kind: 'closed', mayHaveCounted: false } },
      { increments: [{ key: 'a' }], reason: { kind: 'closed', mayHaveCounted: true } },
    ])
    expect(clock.timers).toBe(0)
    const sent = server.requests.length
    await clock.pass(600_000)
    expect([server.requests.length, sumdial.held]).toEqual([sent, 0])
  })

  test('close ends a request that is never answered', async () => {
    const { sumdial, clock, given } = rig([], {
      fetch: (_, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    })
    sumdial.increment('a')
    const closing = sumdial.close()
    await clock.pass(limits.CLOSE_MS)
    await closing
    expect(given).toMatchObject([{ reason: { kind: 'closed', mayHaveCounted: true } }])
  })

  test.each([Number.POSITIVE_INFINITY, 2 ** 31])(
    'close waits for an answer when its deadline is %d ms, more than a timer can',
    async (deadlineMs) => {
      const given: unknown[] = []
      const sumdial = createClient({
        url: 'https://sumdial.test',
        fetch: async (url, init) => {
          await new Promise((answer) => setTimeout(answer, 20))
          init.signal.throwIfAborted()
          return new ModelServer([]).fetch(url, init)
        },
        onGiveUp: (increments) => given.push(...increments),
      })
      sumdial.increment('a')
      await sumdial.close({ deadlineMs })
      expect([sumdial.held, given]).toEqual([0, []])
    },
  )

  test.each([Number.NaN, -1])(
    'close throws for a deadline of %d ms, and is not closed',
    async (deadlineMs) => {
      const { sumdial, server } = rig()
      expect(() => sumdial.close({ deadlineMs })).toThrow(TypeError)
      sumdial.increment('a')
      await sumdial.close()
      expect(server.counts.get('a')).toBe(1)
    },
  )
})

test("its bounds keep to the server's", () => {
  expect(limits.KEY_BYTES_MAX).toBe(serverLimits.KEY_BYTES_MAX)
  expect(limits.LABELS_MAX).toBe(serverLimits.LABELS_MAX)
  expect(limits.LABEL_NAME_CHARS_MAX).toBe(serverLimits.LABEL_NAME_BYTES_MAX)
  expect(limits.LABEL_VALUE_BYTES_MAX).toBe(serverLimits.LABEL_VALUE_BYTES_MAX)
  expect(limits.SLICE_BYTES_MAX).toBe(serverLimits.SLICE_BYTES_MAX)
  expect(limits.ID_BYTES_MAX).toBe(serverLimits.ID_BYTES_MAX)
  expect(limits.REQUEST_ITEMS_MAX).toBe(serverLimits.REQUEST_ITEMS_MAX)
  expect(limits.BATCH_MAX).toBeLessThanOrEqual(serverLimits.REQUEST_ITEMS_MAX)
  expect(limits.BATCH_BYTES_MAX).toBeLessThanOrEqual(serverLimits.REQUEST_BYTES_MAX)
  expect(limits.REQUEST_MS_MAX).toBeGreaterThan(serverLimits.WAIT_MS_MAX + serverLimits.FLIGHT_MS_MAX)
})
