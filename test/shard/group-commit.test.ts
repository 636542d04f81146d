import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { CROWDED_FLIGHT, FLIGHT_BYTES_MAX, ONE_CLIENT_FLIGHTS } from '../../src/limits.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { MergeAnswer } from '../../src/model/flight.ts'
import type { Arrival } from '../../src/shard/arrival.ts'
import { GroupCommit } from '../../src/shard/group-commit.ts'
import { mergeFlights } from '../../src/shard/merge.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { FakeClock, settle } from '../support/fake-clock.ts'
import { nodeSql } from '../support/node-sql.ts'

const LINGER_MS = 20
const ACCEPTED: MergeAnswer = { kind: 'accepted' }

let clock: FakeClock
let sql: ReturnType<typeof nodeSql>
let store: ShardStore
let group: GroupCommit
let closesMs: number
let putBackMs: number

beforeEach(() => begin(LINGER_MS))

function begin(lingerMs: number): void {
  clock = new FakeClock()
  sql = nodeSql()
  store = new ShardStore(sql, () => 'writer')
  closesMs = Number.POSITIVE_INFINITY
  putBackMs = 0
  group = new GroupCommit({
    clock: { now: () => clock.now() - putBackMs, after: clock.after },
    lingerMs,
    rowBytes: FLIGHT_BYTES_MAX,
    commit: (flights) => mergeFlights(store, flights, conditions()),
  })
}

function conditions() {
  return { nowMs: clock.now(), closesMs, isFull: () => false, hasRoomForLabels: () => true }
}

function incoming(sender: string, n: number, increments = 1): Arrival {
  const cell = { ...cellOf(1), sum: BigInt(increments), count: increments }
  return arrivalOf(sender, n, [[`key/${sender}`, cell]])
}

/** Hands a flight to the group commit; `answer` is set once the answer is known. */
function take(flight: Arrival): { answer: MergeAnswer | undefined } {
  const taken: { answer: MergeAnswer | undefined } = { answer: undefined }
  void group.take(flight).then((answer) => {
    taken.answer = answer
  })
  return taken
}

const rows = () => sql.run('select row from journal').length
const accepted = () => store.holdings().accepted

describe('flights of several isolates', () => {
  test('wait for one another once there are several, and share a row', async () => {
    expect(await group.take(incoming('a', 1))).toEqual(ACCEPTED)
    const taken = ['b', 'c', 'd'].map((sender, i) => take(incoming(sender, 1 + i)))
    await clock.pass(LINGER_MS - 1)
    expect(taken.map(({ answer }) => answer)).toEqual([undefined, undefined, undefined])
    expect(accepted()).toBe(1)
    await clock.pass(1)
    expect(taken.map(({ answer }) => answer)).toEqual([ACCEPTED, ACCEPTED, ACCEPTED])
    expect(accepted()).toBe(4)
    expect(rows()).toBe(2)
  })

  test('one with a crowd behind it takes those that wait along at once', async () => {
    take(incoming('a', 1))
    const waiting = take(incoming('b', 1))
    expect(await group.take(incoming('c', 1), true)).toEqual(ACCEPTED)
    expect(waiting.answer).toEqual(ACCEPTED)
    expect(rows()).toBe(2)
  })

  test('have at most a row in each linger while they carry little', async () => {
    for (let ms = 0; ms < 1_000; ms += 5) {
      take(incoming(`isolate ${ms % 8}`, ms + 1))
      await clock.pass(5)
    }
    expect(rows()).toBeLessThanOrEqual(1 + 1_000 / LINGER_MS)
    expect(accepted()).toBeGreaterThan(190)
  })

  test('wait for nobody when nothing was journaled for a linger', async () => {
    for (const sender of ['a', 'b', 'c']) {
      expect(await group.take(incoming(sender, 1))).toEqual(ACCEPTED)
      await clock.pass(LINGER_MS)
    }
  })

  test('wait no longer when the clock is put back', async () => {
    take(incoming('a', 1))
    await settle()
    putBackMs = 3_600_000
    const taken = take(incoming('b', 1))
    await clock.pass(LINGER_MS)
    expect(taken.answer).toEqual(ACCEPTED)
  })

  test('a lone client does not wait again once the others have gone', async () => {
    take(incoming('b', 1))
    for (let n = 1; n <= ONE_CLIENT_FLIGHTS + 1; n++) {
      take(incoming('a', n))
      await clock.pass(LINGER_MS)
    }
    for (let n = 20; n < 23; n++) {
      const taken = take(incoming('a', n))
      await settle()
      expect(taken.answer).toEqual(ACCEPTED)
    }
  })

  test('a lone isolate never waits', async () => {
    for (let n = 1; n <= 3; n++) {
      const taken = take(incoming('a', n))
      await settle()
      expect(taken.answer).toEqual(ACCEPTED)
    }
  })

  test('nobody waits without a linger', async () => {
    begin(0)
    const taken = ['a', 'b', 'a', 'b'].map((sender, n) => take(incoming(sender, n)))
    await settle()
    expect(taken.map(({ answer }) => answer)).toEqual([ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED])
  })

  test('one that carries much takes those that wait along at once', async () => {
    take(incoming('a', 1))
    const waiting = take(incoming('b', 1))
    const crowded = take(incoming('c', 1, CROWDED_FLIGHT))
    await settle()
    expect([waiting.answer, crowded.answer]).toEqual([ACCEPTED, ACCEPTED])
    expect(rows()).toBe(2)
  })

  test('[I4] the same flight again, and a later one, end the wait of the first', async () => {
    take(incoming('a', 1))
    const first = take(incoming('b', 1))
    const again = take(incoming('b', 1))
    await settle()
    expect(first.answer).toEqual(ACCEPTED)
    const later = take(incoming('b', 2))
    await clock.pass(LINGER_MS)
    expect([again.answer, later.answer]).toEqual([ACCEPTED, ACCEPTED])
    expect(accepted()).toBe(3)
  })

  test('[I1] none is answered accepted when the row is not written', async () => {
    take(incoming('a', 1))
    const failed = [group.take(incoming('b', 1)), group.take(incoming('c', 1))]
    sql.run('drop table journal')
    const settled = Promise.allSettled(failed)
    await clock.pass(LINGER_MS)
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  test('[I4] one that could not be journaled counts once when it comes again', async () => {
    take(incoming('a', 1))
    await settle()
    const taken = [group.take(incoming('b', 1)), group.take(incoming('c', 1))]
    const settled = Promise.allSettled(taken)
    sql.run('alter table journal rename to elsewhere')
    await clock.pass(LINGER_MS)
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const again = [take(incoming('b', 1)), take(incoming('c', 1))]
    sql.run('alter table elsewhere rename to journal')
    await clock.pass(LINGER_MS)
    expect(again.map(({ answer }) => answer)).toEqual([ACCEPTED, ACCEPTED])
    expect(accepted()).toBe(3)
  })

  test('[Z1] those that wait when the shard closes are refused', async () => {
    take(incoming('a', 1))
    const taken = take(incoming('b', 1))
    closesMs = clock.now() + 1
    await clock.pass(LINGER_MS)
    expect(taken.answer).toEqual({ kind: 'refused', reason: 'closed' })
    expect(accepted()).toBe(1)
  })

  test('[I3] those with names share a row like others, and a name that two of them bring counts once', async () => {
    take(incoming('a', 1))
    const entry = (content: string) => ({ id: 'i', content, cells: Cells.of([['key/n', cellOf(1)]]) })
    const first = take(arrivalOf('b', 1, [], [entry('1')]))
    const again = take(arrivalOf('c', 1, [], [entry('1')]))
    const other = take(arrivalOf('d', 1, [], [entry('2')]))
    await clock.pass(LINGER_MS)
    expect(first.answer).toEqual({ kind: 'accepted', named: ['accepted'] })
    expect(again.answer).toEqual({ kind: 'accepted', named: ['duplicate'] })
    expect(other.answer).toEqual({ kind: 'accepted', named: ['conflict'] })
    expect([accepted(), store.holdings().ids, rows()]).toEqual([2, 1, 2])
  })
})

test('[I4] [J1] however flights come together, each counts once, and a replay finds the same', async () => {
  const flight = fc.record({
    sender: fc.constantFrom('a', 'b', 'c', 'd'),
    again: fc.boolean(),
    ms: fc.nat(30),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(flight, { maxLength: 40 }),
      fc.array(fc.nat(40), { maxLength: 4 }),
      async (steps, freezes) => {
        begin(LINGER_MS)
        const sent = new Map<string, number>()
        const answers: { answer: MergeAnswer | undefined }[] = []
        for (const [i, { sender, again, ms }] of steps.entries()) {
          const last = sent.get(sender) ?? 0
          const n = again && last > 0 ? last : last + 1
          sent.set(sender, n)
          answers.push(take(incoming(sender, n)))
          await clock.pass(ms)
          if (freezes.includes(i) && store.frozen.length === 0 && store.openCells > 0)
            store.freeze(clock.now(), () => undefined)
        }
        await clock.pass(LINGER_MS)
        expect(answers.every(({ answer }) => answer?.kind === 'accepted')).toBe(true)
        const total = [...sent.values()].reduce((sum, n) => sum + n, 0)
        const replayed = new ShardStore(sql, () => 'other')
        for (const each of steps.length === 0 ? [] : [store, replayed]) {
          expect(each.holdings().accepted).toBe(total)
          for (const [sender, n] of sent) expect(each.nameStatus({ sender, n })).toBe('known')
        }
        if (steps.length > 0) expect(replayed.holdings()).toEqual(store.holdings())
      },
    ),
    { numRuns: 200 },
  )
})
