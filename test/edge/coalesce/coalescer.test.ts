import { beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../../src/clock.ts'
import { Coalescer } from '../../../src/edge/coalesce/coalescer.ts'
import type { FlightOutcome } from '../../../src/edge/coalesce/queue.ts'
import {
  ATTEMPT_MS_MAX,
  ATTEMPTS_MAX,
  CROWDED_FLIGHT,
  FLIGHT_BYTES_MAX,
  HEAVY_REQUEST_BYTES,
  LEAD_LEASE_MS,
  SHORT_LINGER_MS,
  WAIT_MS_MAX,
  WAITING_BYTES_PER_SHARD_MAX,
} from '../../../src/limits.ts'
import { cellOf } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import type { NamedEntry } from '../../../src/model/entry.ts'
import type { MergeAnswer } from '../../../src/model/flight.ts'
import { readFlight } from '../../../src/model/flight.ts'
import type { Increments } from '../../../src/model/increments.ts'
import { addIncrement, noIncrements } from '../../../src/model/increments.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

/** A call to a shard that is not answered yet. */
type Call = {
  readonly shard: string
  readonly encoded: string
  readonly hasBacklog: boolean
  readonly answer: (answer: MergeAnswer) => void
  readonly fail: (error: unknown) => void
}

const ACCEPTED: MergeAnswer = { kind: 'accepted' }
const RESET = Object.assign(new Error('Durable Object reset because its code was updated'), {
  durableObjectReset: true,
})
const OVERLOADED = Object.assign(new Error('Too many requests queued'), { overloaded: true })

let clock: FakeClock
let calls: Call[]
let coalescer: Coalescer
let keptAlive: Promise<unknown>[]

beforeEach(() => {
  clock = new FakeClock()
  calls = []
  keptAlive = []
  coalescer = new Coalescer({ send, clock })
})

function send(shard: string, encoded: string, hasBacklog: boolean): Promise<MergeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<MergeAnswer>()
  calls.push({ shard, encoded, hasBacklog, answer: resolve, fail: reject })
  return promise
}

/** Submits one increment; `landed` is set once its outcome is known. */
function submit(key = 'k', shard = 's'): { landed: FlightOutcome | undefined } {
  const unnamed = noIncrements()
  addIncrement(unnamed, key, 1)
  return submitEntry(unnamed, shard)
}

function submitNamed(...ids: string[]): { landed: FlightOutcome | undefined } {
  const named = ids.map((id): NamedEntry => ({ id, content: '1', cells: Cells.of([['k', cellOf(1)]]) }))
  return submitEntry(noIncrements(), 's', named)
}

function submitEntry(
  unnamed: Increments,
  shard = 's',
  named: readonly NamedEntry[] = [],
): { landed: FlightOutcome | undefined } {
  const request: { landed: FlightOutcome | undefined } = { landed: undefined }
  const watched = coalescer
    .submit(shard, unnamed, (turn) => keptAlive.push(turn), named)
    .then((landing) => {
      request.landed = landing
    })
  keptAlive.push(watched)
  return request
}

function big(bytes: number): Increments {
  const unnamed = noIncrements()
  for (let i = 0; unnamed.bytes < bytes - 700; i++) addIncrement(unnamed, `${i}/${'x'.repeat(500)}`, 1)
  return unnamed
}

function call(i: number): Call {
  const found = calls[i]
  if (found === undefined) throw new Error(`there is no call ${i}`)
  return found
}

const flightOf = (i: number) => readFlight(call(i).encoded)
const countOf = (i: number) => flightOf(i).cells.countIncrements()

describe('coalescing', () => {
  test('one flight to a shard is in the air; what arrives meanwhile is the next', async () => {
    const first = submit()
    await settle()
    const others = Array.from({ length: 50 }, (_, i) => submit(`k${i}`))
    await settle()
    expect(calls).toHaveLength(1)
    call(0).answer(ACCEPTED)
    await settle()
    expect(first.landed).toEqual({ kind: 'accepted' })
    expect(calls).toHaveLength(2)
    expect(countOf(1)).toBe(50)
    expect(others.map((other) => other.landed)).not.toContainEqual({ kind: 'accepted' })
    call(1).answer(ACCEPTED)
    await settle()
    expect(others.map((other) => other.landed)).toEqual(others.map(() => ({ kind: 'accepted' })))
  })

  test('[I3] each request has the results of its own named entries, of all that are aboard', async () => {
    submit()
    await settle()
    const requests = [submitNamed('a', 'b'), submit(), submitNamed('c'), submitNamed()]
    await settle()
    call(0).answer(ACCEPTED)
    await settle()
    expect(flightOf(1).named.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    call(1).answer({ kind: 'accepted', named: ['accepted', 'duplicate', 'conflict'] })
    await settle()
    expect(requests.map((request) => request.landed)).toEqual([
      { kind: 'accepted', named: ['accepted', 'duplicate'] },
      { kind: 'accepted' },
      { kind: 'accepted', named: ['conflict'] },
      { kind: 'accepted' },
    ])
  })

  test('[I4] each flight has the name of its sender and a number that rises over all shards', async () => {
    for (const shard of ['a', 'b', 'a']) {
      submit('k', shard)
      await settle()
      calls.at(-1)?.answer(ACCEPTED)
      await settle()
    }
    const names = calls.map((_, i) => flightOf(i).name)
    expect(names.map((name) => name?.n)).toEqual([1, 2, 3])
    expect(new Set(names.map((name) => name?.sender)).size).toBe(1)
  })

  test('shards do not wait for each other', async () => {
    submit('k', 'a')
    submit('k', 'b')
    await settle()
    expect(calls.map((c) => c.shard)).toEqual(['a', 'b'])
  })

  test('a flight is never larger than its bound', async () => {
    submit()
    await settle()
    for (let i = 0; i < 4; i++) submitEntry(big(FLIGHT_BYTES_MAX * 0.6))
    for (let flown = 0; flown < 5; flown++) {
      call(flown).answer(ACCEPTED)
      await settle()
      expect(call(flown).encoded.length).toBeLessThan(FLIGHT_BYTES_MAX)
    }
    expect(calls).toHaveLength(5)
  })

  test('waits for more arrays when the last flight had more than one aboard, and not for a lone client', async () => {
    const array = () => submitEntry(big(2 * HEAVY_REQUEST_BYTES))
    for (const i of [0, 1, 2]) {
      array()
      await settle()
      expect(calls).toHaveLength(i + 1)
      if (i < 2) call(i).answer(ACCEPTED)
      await settle()
    }
    array()
    array()
    await settle()
    call(2).answer(ACCEPTED)
    await settle()
    expect(calls).toHaveLength(4)
    array()
    await settle()
    call(3).answer(ACCEPTED)
    await settle()
    expect(calls).toHaveLength(4)
    array()
    await clock.pass(SHORT_LINGER_MS)
    expect(countOf(4)).toBe(2 * countOf(0))
  })

  test('says of a flight whether the one before it was crowded', async () => {
    submit()
    await settle()
    for (let i = 0; i < CROWDED_FLIGHT; i++) submit()
    for (const i of [0, 1]) {
      call(i).answer(ACCEPTED)
      await settle()
    }
    submit()
    await clock.pass(SHORT_LINGER_MS)
    expect(calls.map(({ hasBacklog }) => hasBacklog)).toEqual([false, false, true])
  })

  test('leaves nothing behind when all has landed', async () => {
    for (let i = 0; i < 5; i++) submit()
    await settle()
    for (let i = 0; i < calls.length; i++) {
      call(i).answer(ACCEPTED)
      await settle()
    }
    await Promise.all(keptAlive)
    expect(clock.timers).toBe(0)
  })
})

describe('a flight without an answer', () => {
  test('[I4] is sent again, the same bytes under the same name', async () => {
    const request = submit()
    await settle()
    call(0).fail(RESET)
    await clock.pass(2_000)
    expect(calls).toHaveLength(2)
    expect(call(1).encoded).toBe(call(0).encoded)
    call(1).answer(ACCEPTED)
    await settle()
    expect(request.landed).toEqual({ kind: 'accepted' })
  })

  test('[I4] that hangs is sent again too, and what gathers behind it waits', async () => {
    submit()
    await settle()
    const next = submit()
    await clock.pass(ATTEMPT_MS_MAX + 2_000)
    expect(calls).toHaveLength(2)
    expect(call(1).encoded).toBe(call(0).encoded)
    call(1).answer(ACCEPTED)
    await settle()
    call(2).answer(ACCEPTED)
    await settle()
    expect(next.landed).toEqual({ kind: 'accepted' })
  })

  test('[I1] given up, it is reported as unknown, and the next one flies', async () => {
    const request = submit()
    await settle()
    const next = submit()
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      call(attempt).fail(RESET)
      await clock.pass(1_500)
    }
    expect(request.landed).toMatchObject({ kind: 'unknown' })
    expect(countOf(ATTEMPTS_MAX)).toBe(1)
    call(ATTEMPTS_MAX).answer(ACCEPTED)
    await settle()
    expect(next.landed).toEqual({ kind: 'accepted' })
  })

  test('[I5] an overloaded shard is not asked again, and nothing of the flight was counted', async () => {
    const request = submit()
    await settle()
    call(0).fail(OVERLOADED)
    await clock.pass(5_000)
    expect(calls).toHaveLength(1)
    expect(request.landed).toEqual({ kind: 'refused', reason: 'overloaded' })
  })

  test('[I4] a reset while storage was slow is no overload: the flight may have been journaled, and is sent again', async () => {
    const request = submit()
    await settle()
    call(0).fail(
      Object.assign(new Error('storage operation exceeded timeout'), {
        ...OVERLOADED,
        durableObjectReset: true,
      }),
    )
    await clock.pass(2_000)
    expect(call(1).encoded).toBe(call(0).encoded)
    call(1).answer(ACCEPTED)
    await settle()
    expect(request.landed).toEqual({ kind: 'accepted' })
  })

  test('[I4] a refusal after an attempt without an answer is no certain refusal', async () => {
    const request = submit()
    await settle()
    call(0).fail(RESET)
    await clock.pass(2_000)
    call(1).answer({ kind: 'refused', reason: 'full' })
    await settle()
    expect(request.landed).toEqual({ kind: 'unknown', reason: 'full' })
  })

  test('a refusal at the first attempt is certain, for everyone aboard', async () => {
    const requests = [submit(), submit(), submit()]
    await settle()
    call(0).answer({ kind: 'refused', reason: 'closed' })
    await settle()
    expect(requests.map((r) => r.landed)).toEqual(requests.map(() => ({ kind: 'refused', reason: 'closed' })))
  })
})

describe('waiting', () => {
  test('[I5] ends, with unknown, when a flight never comes back', async () => {
    const requests = [submit(), submit()]
    await settle()
    const behind = submit()
    await clock.pass(2 * WAIT_MS_MAX)
    for (const request of [...requests, behind]) expect(request.landed).toMatchObject({ kind: 'unknown' })
  })

  test('[I5] the lead is not handed to one who has given up', async () => {
    // Two flights that hang take longer together than a request waits for the third.
    submit()
    await settle()
    submitEntry(big(FLIGHT_BYTES_MAX * 0.9))
    const gone = submitEntry(big(FLIGHT_BYTES_MAX * 0.5))
    await clock.pass(WAIT_MS_MAX)
    expect(gone.landed).toMatchObject({ kind: 'unknown' })
    const patient = submit()
    await clock.pass(WAIT_MS_MAX * 0.9)
    expect(calls.at(-1)?.encoded).toContain('"k"')
    calls.at(-1)?.answer(ACCEPTED)
    await settle()
    expect(patient.landed).toEqual({ kind: 'accepted' })
  })

  test('[I5] a lead that was lost with its request is taken over', async () => {
    // The runtime ended this request: its timers are gone, and nothing of it goes on.
    let isLost = true
    const { now, uuid, random, sleep } = clock
    const after: Clock['after'] = (ms, callback) => (isLost ? () => undefined : clock.after(ms, callback))
    coalescer = new Coalescer({ send, clock: { now, uuid, random, sleep, after } })
    const first = submit()
    await settle()
    isLost = false
    await clock.pass(LEAD_LEASE_MS + 1)
    const next = submit()
    await settle()
    expect(calls).toHaveLength(2)

    // The lost flight comes back after all. It was given up long ago, and has no lead to hand on.
    call(0).answer(ACCEPTED)
    await settle()
    expect(first.landed).toMatchObject({ kind: 'unknown' })
    const behind = submit()
    await settle()
    expect(calls).toHaveLength(2)

    for (const i of [1, 2]) {
      call(i).answer(ACCEPTED)
      await settle()
    }
    expect([next.landed, behind.landed]).toEqual([{ kind: 'accepted' }, { kind: 'accepted' }])
  })

  test('[I5] lost leads give back the room that they took', async () => {
    const { now, uuid, random, sleep } = clock
    coalescer = new Coalescer({
      send,
      clock: { now, uuid, random, sleep, after: () => () => undefined },
    })
    for (let i = 0; i < 40; i++) {
      submitEntry(big(FLIGHT_BYTES_MAX * 0.9), `lost/${i}`)
      await clock.pass(LEAD_LEASE_MS + 1)
    }
    expect(calls).toHaveLength(40)
    submitEntry(big(FLIGHT_BYTES_MAX * 0.9), 'next')
    await settle()
    expect(calls).toHaveLength(41)
  })

  test('[I5] is bounded in bytes for a shard, and what is refused was not counted', async () => {
    submit()
    await settle()
    const requests = []
    for (
      let bytes = 0;
      bytes < WAITING_BYTES_PER_SHARD_MAX + FLIGHT_BYTES_MAX;
      bytes += FLIGHT_BYTES_MAX * 0.9
    ) {
      requests.push(submitEntry(big(FLIGHT_BYTES_MAX * 0.9)))
    }
    await settle()
    const refused = requests.filter((r) => r.landed?.kind === 'refused')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(4)
    for (let i = 0; i < calls.length; i++) {
      call(i).answer(ACCEPTED)
      await settle()
    }
    expect(requests.filter((r) => r.landed?.kind === 'accepted')).toHaveLength(
      requests.length - refused.length,
    )
    expect(submit().landed).toBeUndefined()
    await settle()
    expect(calls).toHaveLength(requests.length - refused.length + 2)
  })
})
