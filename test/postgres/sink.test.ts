import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KeyedCell } from '../../src/model/cell.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { ApplyOutcome, Batch, Sink } from '../../src/model/flush/batch.ts'
import { addHours, type Hour, hourOf } from '../../src/model/hour.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { createReader } from '../../src/postgres/reader.ts'
import { createSink } from '../../src/postgres/sink.ts'
import { hasty } from '../support/postgres-at.ts'
import { casesOf, IS_THOROUGH } from '../support/thorough.ts'
import { type Stand, startStand, WAYS, type Way } from './stand.ts'

const OLD = hourOf(Date.UTC(2026, 0, 21, 20))
const YOUNG = hourOf(Date.now())
/** Each way has batches of another age, because an old one is another statement. */
const HOURS: Readonly<Record<Way, Hour>> = { Neon: YOUNG, TCP: OLD, 'a pooler': YOUNG }
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'
const SHARD = '2026-11-21T20Z/0'
const WRITERS = 16

let stand: Stand

beforeAll(async () => {
  stand = await startStand(WRITERS + 4)
})

afterAll(() => stand?.stop())

beforeEach(() => stand.reset())

let way: Way
let hour: Hour

/** Each call has a sink of its own, as each shard has. */
async function over<T>(use: (sink: Sink) => Promise<T>): Promise<T> {
  const sink = createSink(stand.over(way))
  try {
    return await use(sink)
  } finally {
    sink.end()
  }
}

const sink = (batch: Batch) => over((each) => each.apply(batch))

/** Sends it again when its time is over, as a shard does: on a busy machine the last of many that wait for a row may be late. */
async function inTheEnd(batch: Batch): Promise<ApplyOutcome> {
  const outcome = await sink(batch)
  return outcome.kind === 'ambiguous' && outcome.isTimeout ? inTheEnd(batch) : outcome
}

const seal = (writer = WRITER) => over((each) => each.seal(writer, SHARD))
const sums = () => stand.sums()

function batchOf(seq: number, cells: readonly KeyedCell[], change: Partial<Batch> = {}): Batch {
  return {
    writer: WRITER,
    seq,
    id: crypto.randomUUID(),
    shard: SHARD,
    hour,
    cells: Cells.of(cells),
    increments: cells.reduce((sum, [, cell]) => sum + cell.count, 0),
    ...change,
  }
}

/** Any text that Postgres can hold. */
const postgresText = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...'{},"\\ nulLN\n\t') }),
  )
  .filter((text) => text.isWellFormed() && !text.includes('\0') && !text.includes('\u001f'))

const APPLIED = { kind: 'applied' }

describe.each(IS_THOROUGH ? WAYS : (['Neon'] as const))('over %s', (each) => {
  beforeAll(() => {
    way = each
    hour = HOURS[each]
  })

  describe('applying a batch', () => {
    test('[A2] adds up sums past 2^63 exactly, and keeps the extremes', async () => {
      const first = { sum: 2n ** 63n - 1n, count: 3, min: -5, max: 7 }
      const second = { sum: 2n ** 64n + 1n, count: 4, min: 2, max: Number.MAX_SAFE_INTEGER }
      expect(await sink(batchOf(1, [['k', first]]))).toEqual(APPLIED)
      expect(await sink(batchOf(2, [['k', second]]))).toEqual(APPLIED)
      const read = createReader(stand.over(way))
      const { counters } = await read({ keys: ['k'], buckets: [hour], to: addHours(hour, 1), writers: [] })
      const cell = { sum: 2n ** 63n + 2n ** 64n, count: 7, min: -5, max: Number.MAX_SAFE_INTEGER }
      expect(counters.get('k')?.cells).toEqual(new Map([[hour, cell]]))
    })

    test('[P1] twice, or again after later batches, equals once', async () => {
      const batches = [1, 2, 3].map((seq) => batchOf(seq, [['k', cellOf(seq)]]))
      for (const batch of batches) {
        expect(await sink(batch)).toEqual(APPLIED)
        expect(await sink(batch)).toEqual(APPLIED)
      }
      for (const batch of batches) await sink(batch)
      expect(await sums()).toEqual({ k: '6' })
    })

    test('[P1] from many connections at the same time equals once', async () => {
      const cells = Array.from({ length: 500 }, (_, i): KeyedCell => [`k/${i}`, cellOf(1)])
      const batches = casesOf(5)
      for (let seq = 1; seq <= batches; seq++) {
        const batch = batchOf(seq, cells)
        const outcomes = await Promise.all(Array.from({ length: 8 }, () => sink(batch)))
        // A copy that began before the first was committed sees the ledger one behind, and is told to send again.
        expect(outcomes.every(({ kind }) => kind === 'applied' || kind === 'behind')).toBe(true)
        expect(outcomes).toContainEqual(APPLIED)
        expect(await sink(batch)).toEqual(APPLIED)
      }
      expect(new Set(Object.values(await sums()))).toEqual(new Set([String(batches)]))
    })

    test(`[P2] ${WRITERS} writers over the same 1,000 rows never deadlock, whatever order they send`, async () => {
      const cells = Array.from({ length: 1_000 }, (_, i): KeyedCell => [`k/é${i}`, cellOf(1)])
      const rounds = casesOf(3)
      await Promise.all(
        Array.from({ length: WRITERS }, async (_, w) => {
          const own = w % 2 === 0 ? cells : cells.toReversed()
          const writer = crypto.randomUUID()
          for (let seq = 1; seq <= rounds; seq++)
            expect(await inTheEnd(batchOf(seq, own, { writer }))).toEqual(APPLIED)
        }),
      )
      expect(new Set(Object.values(await sums()))).toEqual(new Set([String(WRITERS * rounds)]))
      const { rows } = await stand.pool.query(
        'select deadlocks::int from pg_stat_database where datname = current_database()',
      )
      expect(rows).toEqual([{ deadlocks: 0 }])
    })

    test('a batch of every size that a shard cuts goes through', async () => {
      const cells = Array.from(
        { length: 5_000 },
        (_, i): KeyedCell => [`${i}/${'"\\漢{},'.repeat(20)}`, cellOf(1)],
      )
      expect(await sink(batchOf(1, cells))).toEqual(APPLIED)
      expect(Object.keys(await sums())).toEqual(expect.arrayContaining([cells[0]?.[0], cells[4_999]?.[0]]))
      expect(Object.keys(await sums())).toHaveLength(5_000)
    })
  })

  describe('the keys of a batch', () => {
    const applied = async (keys: readonly string[]) => {
      const cells = keys.map((key, i): KeyedCell => [key, cellOf(i + 1)])
      expect(await sink(batchOf(1, cells, { writer: crypto.randomUUID() }))).toEqual(APPLIED)
      expect(await sums()).toEqual(Object.fromEntries(keys.map((key, i) => [key, String(i + 1)])))
    }

    test('[A1] are what they were, whatever in them means something to Postgres or to JSON', () =>
      applied([
        'NULL',
        'null',
        'nullable',
        '{}',
        '{a,b}',
        '"',
        '\\',
        '\\n',
        "'",
        ' a ',
        '$1',
        'a\nb',
        '漢\u{1f600}',
        '',
      ]))

    test('[A1] are what they were, whatever they are', () =>
      fc.assert(
        fc.asyncProperty(fc.uniqueArray(postgresText, { minLength: 1, maxLength: 100 }), async (keys) => {
          await stand.reset()
          await applied(keys)
        }),
        { numRuns: casesOf(30) },
      ))
  })

  describe("the ledger's answer", () => {
    const cells: KeyedCell[] = [['k', cellOf(1)]]
    const setLedger = (values: string) => stand.pool.query(`update sumdial.ledger set ${values}`)

    beforeEach(async () => {
      for (const seq of [1, 2]) await sink(batchOf(seq, cells))
    })

    test('[P1] another batch under a seq that is taken is no success', async () => {
      expect(await sink(batchOf(2, cells))).toMatchObject({
        kind: 'rewound',
        reason: expect.stringContaining('seq 2'),
      })
    })

    test('[P1] a batch below the ledger is no success, and one far above is none either', async () => {
      expect(await sink(batchOf(1, cells))).toMatchObject({ kind: 'rewound' })
      expect(await sink(batchOf(4, cells))).toMatchObject({ kind: 'rewound' })
      expect(await sums()).toEqual({ k: '2' })
    })

    test('[P1] a missing row is no success past the first batch', async () => {
      await stand.pool.query('truncate sumdial.ledger')
      expect(await sink(batchOf(3, cells))).toMatchObject({
        kind: 'rewound',
        reason: expect.stringContaining('no row'),
      })
      // The second batch's copy may not begin the ledger anew either.
      expect(await sink(batchOf(2, cells))).toMatchObject({ kind: 'rewound' })
      expect(await sums()).toEqual({ k: '2' })
    })

    test('[P1] a sealed writer applies nothing more', async () => {
      await setLedger('sealed = true')
      expect(await sink(batchOf(3, cells))).toMatchObject({
        kind: 'rewound',
        reason: expect.stringContaining('sealed'),
      })
      expect(await sums()).toEqual({ k: '2' })
    })

    test('[P1] a batch that a sealed ledger has is applied all the same', async () => {
      const batch = batchOf(3, cells)
      expect(await sink(batch)).toEqual(APPLIED)
      await setLedger('sealed = true')
      expect(await sink(batch)).toEqual(APPLIED)
    })

    test('counts the increments and names the shard', async () => {
      const { rows } = await stand.pool.query(
        'select shard, seq::int, increments::int, sealed from sumdial.ledger',
      )
      expect(rows).toEqual([{ shard: '2026-11-21T20Z/0', seq: 2, increments: 2, sealed: false }])
    })
  })

  describe('a seal', () => {
    const cells: KeyedCell[] = [['k', cellOf(1)]]

    test('[P1] shows the last batch that was applied, and a writer that applied none', async () => {
      const batch = batchOf(1, cells)
      expect(await seal(crypto.randomUUID())).toEqual({
        kind: 'sealed',
        sealed: { seq: 0, batch: null },
      })
      await sink(batch)
      expect(await seal()).toEqual({ kind: 'sealed', sealed: { seq: 1, batch: batch.id } })
    })

    test('[P1] turns every copy that comes later into nothing, the first copy of a batch too', async () => {
      const [first, second] = [batchOf(1, cells), batchOf(2, cells)]
      await sink(first)
      await seal()
      expect(await sink(second)).toMatchObject({ kind: 'rewound' })
      expect(await sink(first)).toEqual(APPLIED)
      expect(await sums()).toEqual({ k: '1' })
    })

    test('[P1] of a writer that Postgres has never seen keeps its first batch out', async () => {
      await seal()
      expect(await sink(batchOf(1, cells))).toMatchObject({ kind: 'rewound' })
      expect(await sums()).toEqual({})
    })

    test('is idempotent, and the time of the first stays', async () => {
      const read = async () => (await stand.pool.query('select sealed_at from sumdial.ledger')).rows
      await sink(batchOf(1, cells))
      await seal()
      const before = await read()
      expect(await seal()).toMatchObject({ kind: 'sealed', sealed: { seq: 1 } })
      expect(await read()).toEqual(before)
    })

    test('[P1] at the same time as copies of a batch: it shows the batch exactly when it is applied', async () => {
      for (let round = 0; round < casesOf(20); round++) {
        await stand.reset()
        await sink(batchOf(1, cells))
        const batch = batchOf(2, cells)
        const [sealed] = await Promise.all([seal(), sink(batch), sink(batch)])
        const isShown = sealed.kind === 'sealed' && sealed.sealed.batch === batch.id
        expect(await sums()).toEqual({ k: isShown ? '2' : '1' })
      }
    })
  })

  describe('a refusal', () => {
    const send = () => sink(batchOf(1, [['k', cellOf(1)]]))

    test('a constraint of the user that one cell breaks is told apart from a missing table, by Postgres itself', async () => {
      await stand.pool.query(`alter table sumdial.counters add constraint no_junk check (key <> 'junk')`)
      expect(await sink(batchOf(1, [['junk', cellOf(1)]]))).toMatchObject({ kind: 'cell_refused' })
      await stand.pool.query('alter table sumdial.counters drop constraint no_junk')
      await stand.pool.query('alter table sumdial.counters rename to elsewhere')
      expect(await send()).toMatchObject({ kind: 'refused', reason: expect.stringContaining('42P01') })
      await stand.pool.query('alter table sumdial.elsewhere rename to counters')
      expect(await send()).toEqual(APPLIED)
    })

    test('a statement that hangs is given up in time, and may have been applied', async () => {
      const locker = await stand.pool.connect()
      await locker.query('begin; lock table sumdial.counters')
      const impatient = createSink(hasty(stand.over(way), 300))
      const batch = batchOf(1, [['k', cellOf(1)]])
      expect(await impatient.apply(batch)).toMatchObject({ kind: 'ambiguous' })
      await locker.query('commit')
      locker.release()
      await expect.poll(() => sink(batch)).toEqual(APPLIED)
      expect(await sums()).toEqual({ k: '1' })
    })
  })
})

describe('a failure over Neon', () => {
  beforeAll(() => {
    way = 'Neon'
  })

  const send = () => sink(batchOf(1, [['k', cellOf(1)]]))

  test('[P1] a copy whose client has gone counts once', async () => {
    stand.faults.inject({ kind: 'drop-answer' })
    const batch = batchOf(1, [['k', cellOf(7)]])
    expect(await sink(batch)).toMatchObject({ kind: 'ambiguous' })
    expect(await sink(batch)).toEqual(APPLIED)
    expect(await sums()).toEqual({ k: '7' })
  })

  test.each([
    ['an HTTP 500', { kind: 'answer-500' }, 'ambiguous'],
    ['a broken connection', { kind: 'refuse' }, 'ambiguous'],
    ['a lost connection to Postgres', { kind: 'answer-sqlstate', code: '' }, 'ambiguous'],
    ['a server that shuts down', { kind: 'answer-sqlstate', code: '57P01' }, 'ambiguous'],
    ['a deadlock', { kind: 'answer-sqlstate', code: '40P01' }, 'ambiguous'],
    ['a value out of range', { kind: 'answer-sqlstate', code: '22003' }, 'cell_refused'],
    ['a constraint', { kind: 'answer-sqlstate', code: '23514' }, 'cell_refused'],
    ['a missing table', { kind: 'answer-sqlstate', code: '42P01' }, 'refused'],
    ['a full disk', { kind: 'answer-sqlstate', code: '53100' }, 'refused'],
    ['a read-only database', { kind: 'answer-sqlstate', code: '25006' }, 'refused'],
  ] as const)('is classified once: %s is %s', async (_, fault, kind) => {
    stand.faults.inject(fault)
    expect(await send()).toMatchObject({ kind })
    expect(await sums()).toEqual({})
  })

  test.each(['postgres://u:hunter2@h:99999/d', 'postgres://u:hunter2@h h/d', 'postgres://u:hunter2@%zz/d'])(
    'of the connection string is told without it: %#',
    async (url) => {
      const address = { ...stand.postgres.address, url }
      const outcome = await createSink({ ...stand.postgres, address }).apply(batchOf(1, [['k', cellOf(1)]]))
      expect(outcome.kind).toBe('ambiguous')
      expect(JSON.stringify(outcome)).not.toContain('hunter2')
    },
  )

  test('names no key, no value and no address', async () => {
    stand.faults.inject({ kind: 'answer-sqlstate', code: '22003' })
    const outcome = await sink(batchOf(1, [['secret-key', cellOf(424242)]]))
    expect(JSON.stringify(outcome)).not.toMatch(/secret-key|424242|unused|postgresql:/)
  })
})

describe.each([
  ['young', YOUNG],
  ['old', OLD],
] as const)('applying slices of a %s hour', (_, each) => {
  beforeAll(() => {
    hour = each
  })

  const slice = (key: string, plan: string) => key + labelsText({ plan, "it's": '{"a\\\\"}' })
  const slices = async () => {
    const { rows } = await stand.pool.query(
      `select key, labels->>'plan' as plan, sum::int, count::int, min::int, max::int from sumdial.slices order by 1, 2`,
    )
    return rows.map((row) => Object.values(row))
  }
  const totals = async () => {
    const { rows } = await stand.pool.query(
      'select key, sum::int, count::int, min::int, max::int from sumdial.counters order by 1',
    )
    return rows.map((row) => Object.values(row))
  }

  test('[L1] adds each slice to its row, and all slices of a key to the row of the key', async () => {
    const cells: KeyedCell[] = [
      ['a', cellOf(1)],
      [slice('a', 'free'), cellOf(10)],
      [slice('a', 'pro'), { sum: 300n, count: 2, min: 100, max: 200 }],
      [slice('b', 'pro'), cellOf(7)],
    ]
    expect(await sink(batchOf(1, cells))).toEqual(APPLIED)
    expect(await sink(batchOf(2, cells.slice(1, 3)))).toEqual(APPLIED)
    expect(await slices()).toEqual([
      ['a', 'free', 20, 2, 10, 10],
      ['a', 'pro', 600, 4, 100, 200],
      ['b', 'pro', 7, 1, 7, 7],
    ])
    expect(await totals()).toEqual([
      ['a', 621, 7, 1, 200],
      ['b', 7, 1, 7, 7],
    ])
  })

  test('[P1] twice, or again after later batches, equals once', async () => {
    const batches = [1, 2, 3].map((seq) =>
      batchOf(seq, [
        [slice('k', 'pro'), cellOf(seq)],
        ['k', cellOf(10)],
      ]),
    )
    for (const batch of batches) await sink(batch)
    for (const batch of batches) await sink(batch)
    expect(await slices()).toEqual([['k', 'pro', 6, 3, 1, 3]])
    expect(await totals()).toEqual([['k', 36, 6, 1, 10]])
  })

  test('[P2] many writers of the same slices and keys, with labels and without, never deadlock', async () => {
    const rounds = casesOf(6)
    const outcomes = await Promise.all(
      Array.from({ length: WRITERS }, async (_, w) => {
        const writer = crypto.randomUUID()
        const results = []
        for (let seq = 1; seq <= rounds; seq++) {
          const keys = Array.from({ length: 60 }, (_k, i) => `k/${(i * 7 + w) % 60}`)
          const cells = keys.flatMap((key, i): KeyedCell[] =>
            (i + w + seq) % 3 === 0
              ? [[key, cellOf(1)]]
              : [
                  [slice(key, `p${(i + w) % 4}`), cellOf(1)],
                  [slice(key, `q${(i * w) % 4}`), cellOf(1)],
                ],
          )
          results.push(await sink(batchOf(seq, cells, { writer })))
        }
        return results
      }),
    )
    expect(outcomes.flat().filter(({ kind }) => kind !== 'applied')).toEqual([])
    const { rows } = await stand.pool.query(
      `select (select sum(sum) from sumdial.counters)::int as total,
        (select sum(sum) from sumdial.sliced)::int as sliced, (select sum(increments) from sumdial.ledger)::int as sent`,
    )
    expect(rows[0]).toEqual({ total: rows[0].sent, sliced: rows[0].sent, sent: rows[0].sent })
  })

  test('[L1] a slice that Postgres refuses adds nothing to the key either', async () => {
    await stand.pool.query(
      `alter table sumdial.slices add constraint no_free check (labels->>'plan' <> 'free')`,
    )
    try {
      const refused = await sink(
        batchOf(1, [
          [slice('a', 'free'), cellOf(1)],
          ['a', cellOf(2)],
        ]),
      )
      expect(refused).toMatchObject({ kind: 'cell_refused' })
      expect(await totals()).toEqual([])
      expect(await sink(batchOf(1, [['a', cellOf(2)]]))).toEqual(APPLIED)
    } finally {
      await stand.pool.query('alter table sumdial.slices drop constraint no_free')
    }
    expect(await totals()).toEqual([['a', 2, 1, 2, 2]])
  })

  test('equal labels are one row, in whatever order they came', async () => {
    const [one, other] = [
      { a: '1', b: '2' },
      { b: '2', a: '1' },
    ].map(labelsText)
    await sink(batchOf(1, [[`k${one}`, cellOf(1)]]))
    await sink(batchOf(2, [[`k${other}`, cellOf(1)]]))
    expect((await slices()).length).toBe(1)
  })
})
