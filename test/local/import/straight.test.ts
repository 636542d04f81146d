import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NotAnswered } from '../../../src/postgres/execute.ts'
import type { ApplyFailure } from '../../../src/postgres/failure.ts'
import { logLine } from './rig.ts'
import { importStraight, LedgerInMemory, type StatementFate, straightFigures } from './straight-rig.ts'

const HOURS = ['17/May/2015:10:05:03 +0000', '17/May/2015:11:05:03 +0000', '17/May/2015:12:05:03 +0000']

/** A line of a log, of the n-th hour. */
const lineOf = (key: string, hour: number) => logLine(key, HOURS[hour])
const nameOf = (key: string, hour: number) => `requests/${key} 2015-05-17T${10 + hour}Z`

type Sums = ReadonlyMap<string, bigint>

/** Counts without any of the code that is tested. */
function naive(lines: readonly { readonly key: string; readonly hour: number }[]): Sums {
  const sums = new Map<string, bigint>()
  for (const { key, hour } of lines) sums.set(nameOf(key, hour), (sums.get(nameOf(key, hour)) ?? 0n) + 1n)
  return sums
}

const logLines = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), hour: fc.nat(HOURS.length - 1) }),
  { maxLength: 60, size: 'max' },
)

const run = fc.record({
  fates: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<StatementFate>('applied', 'lost', 'answer lost') },
      { weight: 1, arbitrary: fc.constantFrom<StatementFate>('killed before', 'killed after') },
    ),
    { maxLength: 20, size: 'max' },
  ),
  connections: fc.integer({ min: 1, max: 4 }),
  /** How much of the input is there. */
  share: fc.integer({ min: 0, max: 100 }).map((percent) => percent / 100),
  isPacked: fc.boolean(),
  chunkBytes: fc.integer({ min: 1, max: 2_000 }),
  held: fc.record({ lines: fc.integer({ min: 1, max: 30 }), slices: fc.integer({ min: 1, max: 7 }) }),
  cells: fc.integer({ min: 1, max: 7 }),
})
type Run = typeof run extends fc.Arbitrary<infer T> ? T : never

/** @returns undefined when it was killed */
async function once(ledger: LedgerInMemory, bytes: Buffer, { fates, connections, ...how }: Run) {
  const killed = Promise.withResolvers<undefined>()
  const destination = ledger.destination(connections, fates, () => killed.resolve(undefined))
  const packed = how.isPacked ? gzipSync(bytes) : bytes
  const chunks = Array.from({ length: Math.ceil(packed.length / how.chunkBytes) }, (_, n) =>
    packed.subarray(n * how.chunkBytes, (n + 1) * how.chunkBytes),
  )
  const bounds = { cells: how.cells, bytes: 1_000_000 }
  const imported = importStraight(chunks, destination, { held: how.held, bounds })
  return Promise.race([imported, killed.promise])
}

const QUIET: Run = {
  fates: [],
  connections: 1,
  share: 1,
  isPacked: false,
  chunkBytes: 1_000,
  held: { lines: 70, slices: 7 },
  cells: 7,
}

describe('a property of imports straight to Postgres', () => {
  test('[P5] a log that grows, cut anywhere, imported by runs that are killed, lose answers and go at once, counts each line once', async () => {
    const steps = fc.array(fc.array(run, { minLength: 1, maxLength: 3, size: 'max' }), {
      maxLength: 5,
      size: 'max',
    })
    await fc.assert(
      fc.asyncProperty(fc.noBias(logLines), fc.noBias(steps), async (lines, rounds) => {
        const bytes = Buffer.from(lines.map(({ key, hour }) => lineOf(key, hour)).join(''))
        const ledger = new LedgerInMemory()
        for (const together of rounds) {
          await Promise.all(
            together.map(async (how) => {
              const part = bytes.subarray(0, Math.ceil(bytes.length * how.share))
              const outcome = await once(ledger, part, how)
              expect(outcome?.tally.conflicting.count ?? 0).toBe(0)
              if (outcome === undefined) return
              straightFigures(outcome)
              if (outcome.code !== 0 || outcome.tally.unproven > 0) return
              const ends = part.toString().split('\n').length - 1
              for (const [name, sum] of naive(lines.slice(0, ends)))
                expect(ledger.sums.get(name) ?? 0n).toBeGreaterThanOrEqual(sum)
            }),
          )
        }
        const last = await once(ledger, bytes, QUIET)
        expect(last?.code).toBe(0)
        expect(last?.tally.unproven).toBe(0)
        expect(ledger.sums).toEqual(naive(lines))
      }),
      { numRuns: 120 },
    )
  })

  test('[P5] of two inputs that begin alike no line counts twice, and each that is reported whole is counted whole', async () => {
    const lines = fc.array(fc.nat(HOURS.length - 1), { minLength: 1, maxLength: 40, size: 'max' })
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.nat(40),
        fc.nat(40),
        fc.array(run, { minLength: 2, maxLength: 6 }),
        async (hours, split, more, runs) => {
          const log = (name: string, to: number) =>
            hours.slice(0, to).map((hour, n) => ({ key: `${n < split ? 'same' : name}${n}`, hour }))
          const inputs = [log('one', hours.length), log('two', split + more)]
          const ledger = new LedgerInMemory()
          for (const [n, how] of [...runs, QUIET, QUIET].entries()) {
            const input = inputs[n % 2] ?? []
            const outcome = await once(
              ledger,
              Buffer.from(input.map(({ key, hour }) => lineOf(key, hour)).join('')),
              how,
            )
            for (const sum of ledger.sums.values()) expect(sum).toBe(1n)
            if (outcome?.code === 0 && outcome.tally.unproven === 0)
              for (const name of naive(input).keys()) expect(ledger.sums.get(name)).toBe(1n)
          }
        },
      ),
      { numRuns: 120 },
    )
  })
})

describe('an import straight to Postgres', () => {
  const importInto = (ledger: LedgerInMemory, text: string, salt?: string) =>
    importStraight(
      Buffer.from(text),
      ledger.destination(2, [], () => undefined),
      salt === undefined ? {} : { salt },
    )

  test('[P5] says what an earlier import had counted, and what of a grown log is new', async () => {
    const ledger = new LedgerInMemory()
    const log = Array.from({ length: 30 }, (_, n) => lineOf(`p${n % 7}`, Math.floor(n / 10)))
    expect(straightFigures(await importInto(ledger, log.slice(0, 15).join('')))).toEqual({
      accepted: 15,
      code: 0,
    })
    expect(straightFigures(await importInto(ledger, log.join('')))).toEqual({
      accepted: 15,
      before: 15,
      code: 0,
    })
    expect(straightFigures(await importInto(ledger, log.join('')))).toEqual({ before: 30, code: 0 })
  })

  test('a line without its end counts, and is the same line once it has one', async () => {
    const ledger = new LedgerInMemory()
    await importInto(ledger, `${lineOf('a', 0)}${lineOf('b', 0).slice(0, -9)}`)
    const grown = await importInto(ledger, `${lineOf('a', 0)}${lineOf('b', 0)}${lineOf('c', 0)}`)
    expect(straightFigures(grown)).toEqual({ accepted: 1, before: 2, code: 0 })
  })

  test('an input that has changed since is told apart, and stops before anything more of it counts', async () => {
    const ledger = new LedgerInMemory()
    await importInto(ledger, ['a', 'b', 'c'].map((key) => lineOf(key, 0)).join(''))
    const changed = await importInto(
      ledger,
      `${['a', 'x', 'c', 'd'].map((key) => lineOf(key, 0)).join('')}${lineOf('e', 1)}`,
    )
    expect(straightFigures(changed)).toMatchObject({ conflicts: 3, code: 1 })
    expect(changed.summary).toContain(
      'An earlier import counted other lines of 2015-05-17T10Z behind the same beginning',
    )
    expect([...ledger.sums.keys()]).toEqual(['a', 'b', 'c'].map((key) => nameOf(key, 0)))
    expect(straightFigures(await importInto(ledger, lineOf('z', 0)))).toEqual({ accepted: 1, code: 0 })
  })

  test('an older, shorter copy of a log counts nothing, and the summary says on what that rests', async () => {
    const ledger = new LedgerInMemory()
    await importInto(ledger, ['a', 'b', 'c'].map((key) => lineOf(key, 0)).join(''))
    const older = await importInto(ledger, ['a', 'b'].map((key) => lineOf(key, 0)).join(''))
    expect(straightFigures(older)).toEqual({ before: 2, unproven: 2, code: 0 })
    expect(older.summary).toContain(
      '2 of the duplicates are the beginning of hours of which an earlier import had more lines.',
    )
  })

  test('under a salt, as of --again, every line counts once more', async () => {
    const ledger = new LedgerInMemory()
    await importInto(ledger, lineOf('a', 0))
    expect(straightFigures(await importInto(ledger, lineOf('a', 0), 'salt'))).toEqual({
      accepted: 1,
      code: 0,
    })
    expect(ledger.sums.get(nameOf('a', 0))).toBe(2n)
  })

  test('takes NDJSON by the rules of the Worker, of any hour, and refuses what only a Worker could count once', async () => {
    const ledger = new LedgerInMemory()
    const outcome = await importInto(
      ledger,
      [
        '{"key":"a","value":-5,"at":"1999-01-01T00:30:00Z"}',
        '{"key":"a","value":9007199254740993,"at":"1999-01-01T00:30:00Z"}',
        '{"key":"a","at":"1999-01-01T00:30:00Z","id":"x"}',
        '{"key":"a"}',
        '{"key":"a","at":"2999-01-01T00:30:00Z"}',
        '{"key":"a","at":"soon"}',
        '{"key":"a","at":915150600000,"labels":{"plan":"pro"}}',
      ].join('\n'),
    )
    expect(straightFigures(outcome)).toEqual({ accepted: 2, refused: 5, code: 1 })
    expect(ledger.sums).toEqual(
      new Map([
        ['a 1999-01-01T00Z', -5n],
        ['a\u001fplan=pro 1999-01-01T00Z', 1n],
      ]),
    )
    expect(outcome.said.map((line) => /^line (\d) refused: (.{12})/.exec(line)?.slice(1))).toEqual([
      ['2', 'value must b'],
      ['3', 'has an id, w'],
      ['4', 'has no `at`,'],
      ['5', 'is in an hou'],
      ['6', 'at must be a'],
    ])
  })

  test('[P5] a Postgres that was put back while an import runs stops it, and the next import counts what is missing', async () => {
    const ledger = new LedgerInMemory()
    const log = Array.from({ length: 6 }, (_, n) => lineOf(`p${n}`, 0)).join('')
    const destination = ledger.destination(1, [], () => undefined)
    const [sink] = destination.sinks
    let batches = 0
    const sinks = sink && [
      {
        ...sink,
        apply: (batch: Parameters<typeof sink.apply>[0]) => {
          batches += 1
          if (batches === 3) {
            ledger.rows.clear()
            ledger.sums.clear()
          }
          return sink.apply(batch)
        },
      },
    ]
    const bounds = { cells: 1, bytes: 1_000 }
    const stopped = await importStraight(Buffer.from(log), { ...destination, sinks: sinks ?? [] }, { bounds })
    expect(stopped.summary).toContain('it was put back to an earlier time. Import the input again.')
    expect((await importInto(ledger, log)).code).toBe(0)
    expect(ledger.sums).toEqual(naive(Array.from({ length: 6 }, (_, n) => ({ key: `p${n}`, hour: 0 }))))
  })

  test('a Postgres that refuses stops it at once, and one that is away after a minute', async () => {
    const ledger = new LedgerInMemory()
    const destination = ledger.destination(1, [], () => undefined)
    const [sink] = destination.sinks
    const answering = (answer: Awaited<ReturnType<NonNullable<typeof sink>['apply']>>) =>
      importStraight(Buffer.from(lineOf('a', 0)), {
        ...destination,
        sinks: sink ? [{ ...sink, apply: async () => answer }] : [],
      })
    const refused = await answering({
      kind: 'refused',
      reason: 'SQLSTATE 42P01: no such table',
      isOfSchema: true,
    })
    expect(straightFigures(refused)).toEqual({ unsent: 1, code: 1 })
    expect(refused.summary).toContain(
      'Stopped: Postgres refuses: SQLSTATE 42P01: no such table. Run `npm run migrate` first',
    )
    const away = await answering({ kind: 'ambiguous', reason: 'no answer from Postgres', isTimeout: false })
    expect(straightFigures(away)).toEqual({ unknown: 1, code: 1 })
    expect(away.summary).toContain('Stopped: Postgres has not answered for 60 s: no answer from Postgres.')
    expect(away.summary).toContain('Run the same command again to go on: nothing is counted twice.')

    const failing = (failure: ApplyFailure) =>
      importStraight(Buffer.from(lineOf('a', 0)), {
        ...destination,
        readWriters: () => Promise.reject(new NotAnswered(failure)),
      })
    const wrong = await failing({ kind: 'refused', reason: 'SQLSTATE 28P01: wrong password' })
    expect(wrong.summary).toContain('Stopped: Postgres refuses: SQLSTATE 28P01: wrong password.')
    const nobody = await failing({ kind: 'ambiguous', reason: 'no connection to Postgres', isTimeout: false })
    expect(nobody.summary).toContain(
      'Stopped: Postgres has not answered for 20 s: no connection to Postgres.',
    )
  })
})
