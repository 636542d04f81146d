import { beforeEach, describe, expect, test } from 'vitest'
import { ONLY_SLICES_MAX, PARKED_UNSEEN_MAX } from '../../src/limits.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import type { Judge } from './flush-rig.ts'
import { CELL_REFUSED, FlushRig, INTERVAL_MS, PASSING, refused, START, TIMED_OUT } from './flush-rig.ts'

/** The shard's own code before a Postgres that is a model. test/postgres/flush.test.ts has a real one. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const TRIGGER = refused('P0001')

let rig: FlushRig

beforeEach(() => {
  rig = new FlushRig()
})

const cells = (keys: readonly string[]): KeyedCell[] => keys.map((key) => [key, cellOf(1)])
const numbered = (count: number, prefix = 'k/') =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(4, '0')}`)

/** Fails every batch that has one of the cells. */
const failing =
  (isBad: (key: string) => boolean, outcome: ReturnType<Judge>): Judge =>
  ({ cells: { keys } }) =>
    keys.some(isBad) ? outcome : null

/** The longest that one of these keys has waited for Postgres since its flush was due, in ms. */
const longestMs = (keys: readonly string[]) =>
  Math.max(...keys.map((key) => (rig.landedMs.get(key) ?? Number.POSITIVE_INFINITY) - INTERVAL_MS))

const parked = () => [...rig.store.parked.keys()].toSorted()

describe('a failure that stays with some cells while others get through', () => {
  test.each([
    ["a user's trigger that raises P0001", TRIGGER, 3 * SECOND],
    ['a constraint', CELL_REFUSED, 3 * SECOND],
    ['a trigger that raises 40001, which mostly passes by itself', PASSING, 15 * SECOND],
    ['a cell whose statement always takes too long', TIMED_OUT, 40 * SECOND],
  ])(
    '[P3] is those cells fault, and holds up its neighbour for a bounded time: %s',
    async (_, outcome, ms) => {
      rig.judge = failing((key) => key === 'bad', outcome)
      rig.open(cells(['bad', 'good']))
      await rig.clock.pass(2 * MINUTE)
      expect(longestMs(['good'])).toBeLessThan(ms)
      expect(parked()).toEqual(['bad'])
      expect(rig.store.parked.get('bad')?.reason).toBe(outcome.reason)
      expect(rig.flusher.fault).toBeNull()
    },
  )

  test.each(['bad', 'z-bad'])(
    '[P3] also when it stays with many neighbours, at any place: %s/NN',
    async (prefix) => {
      const [bad, good] = [numbered(12, `${prefix}/`), numbered(30, 'good/')]
      rig.judge = failing((key) => key.startsWith(prefix), CELL_REFUSED)
      rig.open(cells([...bad, ...good]))
      await rig.clock.pass(MINUTE)
      expect(longestMs(good)).toBeLessThan(3 * SECOND)
      expect(parked()).toEqual(bad)
    },
  )

  test.each([
    [1, SECOND, 60],
    [12, 3 * SECOND, 500],
    [200, 25 * SECOND, 5_000],
  ])(
    '[P3] %i bad cells among 5,000, far apart, hold up none for long, with a bounded number of statements',
    async (count, ms, statements) => {
      const keys = numbered(5_000)
      const bad = new Set(keys.filter((_, i) => (i * 7) % Math.floor(5_000 / count) === 3).slice(0, count))
      rig.judge = failing((key) => bad.has(key), CELL_REFUSED)
      rig.open(cells(keys))
      await rig.clock.pass(MINUTE)
      expect(longestMs(keys.filter((key) => !bad.has(key)))).toBeLessThan(ms)
      expect(parked()).toEqual([...bad].toSorted())
      expect(rig.statements).toBeLessThan(statements)
    },
  )

  test.each([
    [1, 20 * SECOND, 200],
    [12, 70 * SECOND, 1_000],
  ])(
    '[P3] %i slow cells among 5,000 hold up none for more than a few seconds each',
    async (count, ms, statements) => {
      const keys = numbered(5_000)
      const bad = new Set(keys.filter((_, i) => i % 400 === 222).slice(0, count))
      rig.judge = failing((key) => bad.has(key), TIMED_OUT)
      rig.open(cells(keys))
      await rig.clock.pass(6 * MINUTE)
      expect(longestMs(keys.filter((key) => !bad.has(key)))).toBeLessThan(ms)
      expect(parked()).toEqual([...bad])
      expect(rig.statements).toBeLessThan(statements)
    },
  )

  test.each([
    ['refused', TRIGGER, MINUTE],
    ['slow', TIMED_OUT, 3 * MINUTE],
  ])(
    '[P3] cells that come later get through while nothing else in their shard does: %s',
    async (_, outcome, ms) => {
      rig.judge = failing((key) => key.startsWith('bad'), outcome)
      rig.open(cells(numbered(12, 'bad/')))
      const waitedMs: number[] = []
      for (let i = 0; i < 6; i++) {
        await rig.clock.pass(ms)
        const openedMs = rig.clock.now() - START
        rig.open(cells([`good/${i}`, 'bad/0000']))
        await rig.clock.pass(ms)
        waitedMs.push((rig.landedMs.get(`good/${i}`) ?? Number.POSITIVE_INFINITY) - openedMs)
      }
      expect(Math.max(...waitedMs)).toBeLessThan(ms)
      expect(Math.max(...waitedMs.slice(1))).toBeLessThan(20 * SECOND)
      expect(parked()).toEqual(numbered(12, 'bad/'))
    },
  )

  test('[P3] a cell that is alone in its shard waits until something shows that Postgres takes others', async () => {
    rig.judge = failing((key) => key === 'bad', TRIGGER)
    rig.open(cells(['bad']))
    await rig.clock.pass(10 * MINUTE)
    expect(parked()).toEqual([])
    expect(rig.flusher.fault).toMatchObject({ kind: 'refused' })
    rig.open(cells(['good']))
    await rig.clock.pass(MINUTE)
    expect([parked(), rig.landedMs.has('good'), rig.flusher.fault]).toEqual([['bad'], true, null])
  })

  test('[P3] a cell that is alone in its shard is parked when Postgres says that its data is at fault, but few of them', async () => {
    rig.judge = () => CELL_REFUSED
    for (let i = 0; i < 12; i++) {
      rig.open(cells([`bad/${i}`]))
      await rig.clock.pass(10 * SECOND)
    }
    expect(parked()).toHaveLength(PARKED_UNSEEN_MAX)
    expect(rig.flusher.fault).toMatchObject({ kind: 'cell_refused' })
    rig.judge = () => null
    await rig.clock.pass(MINUTE)
    expect(rig.store.holdings()).toMatchObject({ settled: 12 - PARKED_UNSEEN_MAX, frozen: { batches: 0 } })
  })

  test('[P3] a slow cell whose lock ends counts as any other', async () => {
    rig.judge = failing((key) => key === 'locked', TIMED_OUT)
    rig.open(cells(['locked', 'good']))
    await rig.clock.pass(35 * SECOND)
    expect([rig.landedMs.has('good'), rig.landedMs.has('locked')]).toEqual([true, false])
    rig.judge = () => null
    await rig.clock.pass(20 * SECOND)
    expect([rig.landedMs.has('locked'), rig.store.frozen, parked()]).toEqual([true, [], []])
  })
})

describe('a failure that all cells meet', () => {
  test.each([
    ['a missing table', refused('42P01')],
    ['a full disk', refused('53100')],
    ['a constraint that nothing meets', CELL_REFUSED],
    ['a lock on the whole table', TIMED_OUT],
  ])('[P3] parks nothing, multiplies no statement, and is waited out: %s', async (_, outcome) => {
    const keys = numbered(2_000)
    rig.judge = () => outcome
    rig.open(cells(keys))
    for (let i = 0; i < 40; i++) {
      await rig.clock.pass(30 * SECOND)
      rig.open(cells([`later/${i}`, 'k/0000']))
    }
    expect(parked()).toEqual([])
    // 20 minutes: less than six batches in a minute, and a seal for each.
    expect(rig.sent.length).toBeLessThan(6 * 20)
    expect(rig.statements).toBeLessThan(12 * 20)
    rig.judge = () => null
    rig.statements = 0
    await rig.clock.pass(MINUTE)
    expect(longestMs(keys)).toBeLessThan(21 * MINUTE)
    expect(rig.store.holdings()).toMatchObject({ settled: 2_080, frozen: { batches: 0 }, open: { cells: 0 } })
    expect(rig.statements).toBeLessThan(40)
    expect(rig.flusher.fault).toBeNull()
  })
})

test.each([
  ['refused', refused('42P01')],
  ['refused because of data', CELL_REFUSED],
  ['slow', TIMED_OUT],
])('[P3] two cells of a shard that both fail, and nothing else, are not parked: %s', async (_, outcome) => {
  rig.judge = () => outcome
  rig.open(cells(['a', 'b']))
  await rig.clock.pass(20 * MINUTE)
  expect(parked()).toEqual([])
  rig.judge = () => null
  await rig.clock.pass(MINUTE)
  expect(rig.store.holdings().settled).toBe(2)
})

describe('slices of one key', () => {
  const slices = (key: string, count: number) => numbered(count).map((id) => `${key}\u001fid=${id}`)

  test.each([1, 2, 3, 40, ONLY_SLICES_MAX])(
    '[P3] %i of them that Postgres refuses alike because of their data, and nothing else, are parked without a wait',
    async (count) => {
      rig.judge = failing((slice) => slice.startsWith('bad'), CELL_REFUSED)
      rig.open(cells(slices('bad', count)))
      await rig.clock.pass(INTERVAL_MS + 6 * SECOND + count * 50)
      expect(parked()).toEqual(slices('bad', count))
      expect(rig.statements).toBeLessThan(8 + 6 * count)
      rig.open(cells(['good']))
      await rig.clock.pass(MINUTE)
      expect([rig.landedMs.has('good'), rig.flusher.fault]).toEqual([true, null])
    },
  )

  test('[P3] are not tried one by one when they are many, and are parked once something else gets through', async () => {
    const count = ONLY_SLICES_MAX + 1
    rig.judge = failing((slice) => slice.startsWith('bad'), CELL_REFUSED)
    rig.open(cells(slices('bad', count)))
    await rig.clock.pass(10 * MINUTE)
    expect([parked(), rig.statements < 12 * 10]).toEqual([[], true])
    rig.open(cells(['good']))
    await rig.clock.pass(MINUTE)
    expect([parked().length, rig.flusher.fault]).toEqual([count, null])
  })

  test('[P3] are each at fault by themselves where others of their key get through, or are refused for another reason', async () => {
    const [a, b, c, d] = slices('k', 4)
    const other = { ...CELL_REFUSED, reason: 'SQLSTATE 22003' }
    rig.judge = ({ cells: { keys } }) =>
      keys.includes(a ?? '') ? CELL_REFUSED : keys.includes(b ?? '') ? other : null
    rig.open(cells(slices('k', 4)))
    await rig.clock.pass(MINUTE)
    expect(parked()).toEqual([a, b])
    expect([rig.landedMs.has(c ?? ''), rig.landedMs.has(d ?? '')]).toEqual([true, true])
    expect([a, b].map((slice) => rig.store.parked.get(slice ?? '')?.reason)).toEqual([
      CELL_REFUSED.reason,
      other.reason,
    ])
  })

  test('[P3] that are refused for any other reason than their data are each tried alone again', async () => {
    const [a = '', b = ''] = slices('k', 2)
    let alone = 0
    rig.judge = ({ cells: { keys } }) => {
      if (keys.includes(b) && keys.length === 1) alone += 1
      return keys.includes(a) || (keys.includes(b) && alone < 2) ? TRIGGER : null
    }
    rig.open(cells([...slices('k', 2), 'good/0', 'good/1']))
    await rig.clock.pass(2 * MINUTE)
    expect([parked(), rig.landedMs.has(b)]).toEqual([[a], true])
  })

  test.each([
    ['refused', refused('42P01')],
    ['slow', TIMED_OUT],
  ])('[P3] that are %s, and nothing else, are not parked', async (_, outcome) => {
    rig.judge = () => outcome
    rig.open(cells(slices('k', 5)))
    await rig.clock.pass(20 * MINUTE)
    expect(parked()).toEqual([])
    expect(rig.statements).toBeLessThan(12 * 20)
  })
})

describe('a batch that is too large for the time of a statement', () => {
  test('[F4] is cut until its pieces get through', async () => {
    rig.judge = (batch) => (batch.cells.length > 80 ? TIMED_OUT : null)
    const keys = numbered(5_000)
    rig.open(cells(keys))
    await rig.clock.pass(MINUTE)
    expect(longestMs(keys)).toBeLessThan(20 * SECOND)
    expect(parked()).toEqual([])
  })
})
