import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Post } from '../../../src/client/internal.ts'
import { type BatchBounds, CUT_BOUNDS } from '../../../src/local/import/cutting.ts'
import { casesOf } from '../../support/thorough.ts'
import { importing, instantTiming, logLine, type Settings } from './rig.ts'

type Sent = { readonly name: string | null; readonly items: readonly string[] }

/** Runs an import at a server that takes everything. @returns the batches, in the order of their being sent. */
async function batchesOf(chunks: readonly Buffer[], settings: Partial<Settings> = {}): Promise<Sent[]> {
  const sent: Sent[] = []
  const post: Post = {
    canOutlive: () => false,
    async send({ name, items }) {
      sent.push({ name, items: items.map(({ json }) => json) })
      const body = { accepted: items.length, duplicates: 0, conflicts: [] }
      return { kind: 'answered', status: 202, isProblem: false, retryAfter: null, body }
    },
  }
  const connection = { post, over: new AbortController().signal, reason: null }
  await importing(Readable.from(chunks), { connection, bounds: SMALL, ...settings })
  return sent
}

/** So small that batches fill up, and the first of too many is closed. */
const SMALL: BatchBounds = { lines: 4, bytes: 500, openLines: 9, openBytes: 1_200 }

/** The name of each increment's batch, by the increment as it is sent. Each line has a key of its own. */
function namesOf(batches: readonly Sent[]): Map<string, string | null> {
  return new Map(batches.flatMap(({ name, items }) => items.map((item) => [item, name] as const)))
}

const HOURS = ['17/May/2015:10:05:03 +0000', '17/May/2015:11:05:03 +0000', '17/May/2015:12:05:03 +0000']

/** A line of any kind: counted, refused with a time, refused without one, or blank. */
const logLines = fc
  .array(
    fc.record({
      kind: fc.constantFrom('combined', 'combined', 'combined', 'common', 'no request', 'junk', 'blank'),
      hour: fc.constantFrom(...HOURS),
      end: fc.constantFrom('\n', '\n', '\r\n'),
      width: fc.nat(200),
      agent: fc.nat(200),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map((lines) =>
    lines.map(({ kind, hour, end, width, agent }, n) => {
      const path = `/${n}?${'x'.repeat(width)}`
      if (kind === 'common') return `h - - [${hour}] "GET ${path} HTTP/1.1" 200 1${end}`
      if (kind === 'no request') return `h - - [${hour}] "-" 408 0 "-" "-"${end}`
      if (kind === 'junk') return `junk ${n}${end}`
      if (kind === 'blank') return end
      return `h - - [${hour}] "GET ${path} HTTP/1.1" 200 1 "-" "${'a'.repeat(agent)}"${end}`
    }),
  )

const ndjsonLines = fc
  .array(
    fc.record({
      hour: fc.nat(5),
      kind: fc.constantFrom('at', 'at', 'none', 'id', 'bad'),
      width: fc.nat(200),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  )
  .map((lines) =>
    lines.map(({ hour, kind, width }, n) => {
      const [key, at] = [`${n}${'x'.repeat(width)}`, 1_700_000_000_000 + hour * 3_600_000]
      if (kind === 'bad') return `{"key":"${key}"\n`
      return `${JSON.stringify({ key, ...(kind === 'at' ? { at } : kind === 'id' ? { at, id: 'x' } : {}) })}\n`
    }),
  )

function chunked(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[n % sizes.length] ?? 1)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}

/** In members, as `cat a.gz b.gz` makes them. */
function packed(bytes: Buffer, at: number): Buffer {
  const middle = Math.min(at, bytes.length)
  return Buffer.concat([gzipSync(bytes.subarray(0, middle)), gzipSync(bytes.subarray(middle))])
}

const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 5 })

describe('[I3] the names of batches', () => {
  test('are the same for the same bytes, whatever the chunks, gzip or not, and however many requests', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(logLines, ndjsonLines),
        sizes,
        fc.nat(5_000),
        fc.integer({ min: 1, max: 5 }),
        async (lines, cuts, middle, concurrency) => {
          const bytes = Buffer.from(lines.join(''))
          const batches = await batchesOf([bytes])
          expect(await batchesOf(chunked(bytes, cuts), { concurrency })).toEqual(batches)
          expect(await batchesOf(chunked(packed(bytes, middle), cuts))).toEqual(batches)
          expect(new Set(batches.map(({ name }) => name)).size).toBeGreaterThanOrEqual(
            batches.filter(({ name }) => name !== null).length,
          )
        },
      ),
      { numRuns: casesOf(150) },
    )
  })

  test('are the same for each line when the input has grown, wherever it ended, also within a line', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(logLines, ndjsonLines), fc.nat(10_000), async (lines, at) => {
        const bytes = Buffer.from(lines.join(''))
        const whole = namesOf(await batchesOf([bytes]))
        const begun = namesOf(await batchesOf([bytes.subarray(0, at % (bytes.length + 1))]))
        for (const [item, name] of begun) expect([item, whole.get(item)]).toEqual([item, name])
      }),
      { numRuns: casesOf(400) },
    )
  })

  test('are the same for each line when other lines are refused', async () => {
    await fc.assert(
      fc.asyncProperty(logLines, async (lines) => {
        const bytes = Buffer.from(lines.join(''))
        const all = namesOf(await batchesOf([bytes]))
        for (const format of ['common', 'combined'] as const) {
          for (const [item, name] of namesOf(await batchesOf([bytes], { format }))) {
            expect([item, all.get(item)]).toEqual([item, name])
          }
        }
      }),
      { numRuns: casesOf(100) },
    )
  })

  test('do not depend on when lines without times were read, for lines that have one', async () => {
    await fc.assert(
      fc.asyncProperty(ndjsonLines, async (lines) => {
        const bytes = Buffer.from(lines.join(''))
        const timing = instantTiming()
        // An hour turns with each line.
        let reads = 0
        const restless = { ...timing, now: () => timing.now() + 3_600_000 * reads++ }
        const ofTimes = (batches: readonly Sent[]) =>
          batches.filter(({ items }) => items.every((item) => !item.startsWith('{"at":')))
        expect(ofTimes(await batchesOf([bytes], { timing: restless }))).toEqual(
          ofTimes(await batchesOf([bytes], { timing })),
        )
      }),
      { numRuns: casesOf(100) },
    )
  })

  test('differ for inputs that differ before the batch or in its first line, for other keys, and for --again', async () => {
    const name = async (text: string, settings: Partial<Settings> = {}) =>
      (await batchesOf([Buffer.from(text)], settings)).at(-1)?.name
    const ndjson = '{"key":"requests/0","at":"2015-05-17T10:05:03Z"}\n'
    const lines = logLine(0, HOURS[0]) + logLine(1, HOURS[1])
    const names = [
      await name(lines),
      await name(`x${lines}`),
      await name(logLine(0, HOURS[0]) + logLine(2, HOURS[1])),
      await name(logLine(1, HOURS[1])),
      await name(ndjson),
      await name(lines, { salt: 'random' }),
    ]
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('a batch', () => {
  test('is of one hour, and within the bounds; the first one is closed when too much is open', async () => {
    await fc.assert(
      fc.asyncProperty(ndjsonLines, async (lines) => {
        for (const { items } of await batchesOf([Buffer.from(lines.join(''))])) {
          const hours = items.map((item) => Math.floor(JSON.parse(item).at / 3_600_000))
          expect(new Set(hours).size).toBe(1)
          expect(items.length).toBeLessThanOrEqual(SMALL.lines)
        }
      }),
      { numRuns: casesOf(100) },
    )
  })

  test('fills up although the input is sorted by key, with a month of hours for each', async () => {
    const hours = 720
    function* lines() {
      for (let key = 0; key < 280; key++) {
        const own = Array.from({ length: hours }, (_, hour) => {
          return `{"key":"key/${key}","value":1,"at":${1_700_000_000_000 + hour * 3_600_000}}\n`
        })
        yield Buffer.from(own.join(''))
      }
    }
    const batches = await batchesOf([...lines()], { bounds: CUT_BOUNDS })
    const increments = batches.reduce((sum, { items }) => sum + items.length, 0)
    expect(increments).toBe(280 * hours)
    expect(increments / batches.length).toBeGreaterThan(90)
  })
})
