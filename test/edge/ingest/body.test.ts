import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { problemResponse } from '../../../src/edge/http/problem-response.ts'
import { readIncrements } from '../../../src/edge/ingest/body.ts'
import { KnownTexts, plainKey } from '../../../src/edge/ingest/fast-path/known-texts.ts'
import { findMonster } from '../../../src/edge/ingest/monster.ts'
import {
  BAD_ITEMS_TOLD_MAX,
  ITEM_COMMAS_MAX,
  JSON_DEPTH_MAX,
  REQUEST_BYTES_MAX,
  REQUEST_DRAINED_BYTES_MAX,
  REQUEST_ITEMS_MAX,
} from '../../../src/limits.ts'
import { nodeClock } from '../../support/node-clock.ts'
import { processorMsOf } from '../../support/processor-time.ts'
import { badOf, goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const TERMS = { nowMs: nodeClock.now(), lateHours: scheduleOf('72'), mayAdjust: false }

type Body = string | ReadableStream<Uint8Array>

function requestOf(body: Body, contentType = 'application/json'): Request {
  const headers = { 'content-type': contentType }
  return new Request('http://worker/increment', {
    method: 'POST',
    headers,
    body,
    duplex: 'half',
  } as RequestInit)
}

/** The answer to a body that is refused, and how long it is in characters. */
async function refusalOf(body: Body, contentType?: string) {
  const problem = badOf(await readIncrements(requestOf(body, contentType), new KnownTexts(plainKey), TERMS))
  const text = await problemResponse(problem).text()
  return { ...JSON.parse(text), length: text.length }
}

const deep = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('[I5] a bad request costs little, and so does its answer', () => {
  test('4 MiB of nested arrays are refused without being parsed', async () => {
    const half = REQUEST_BYTES_MAX / 2
    const tookMs = await processorMsOf(async () =>
      expect(await refusalOf(deep(half))).toMatchObject({
        status: 422,
        errors: [
          { index: 0, path: '', message: `must not be nested more than ${JSON_DEPTH_MAX} levels deep` },
        ],
      }),
    )
    // JSON.parse alone took 700 ms and more for it.
    expect(tookMs).toBeLessThan(350)
  })

  test('an object with 300,000 fields is refused without being parsed, and has a short answer', async () => {
    const fields = Array.from({ length: 300_000 }, (_, i) => `"f${i}":1`)
    const tookMs = await processorMsOf(async () =>
      expect(await refusalOf(`{"key":"a",${fields.join()}}`)).toMatchObject({
        errors: [
          {
            index: 0,
            message: `must not have more than ${ITEM_COMMAS_MAX} fields: use key, value, at and id only`,
          },
        ],
        length: expect.toSatisfy((length: number) => length < 1_000),
      }),
    )
    // To parse and check it took 1.3 s.
    expect(tookMs).toBeLessThan(600)
  })

  test('an object with 90 fields has some of them named', async () => {
    const fields = Array.from({ length: 90 }, (_, i) => `"f${i}":1`)
    expect(await refusalOf(`{"key":"a",${fields.join()}}`)).toMatchObject({
      errors: [{ index: 0, message: expect.stringContaining('"f0", "f1", "f2" and 87 more') }],
    })
  })

  test('of 10,000 bad items with long keys a hundred are named', async () => {
    const item = { key: 'k'.repeat(300), value: 0, ['\u0001'.repeat(10)]: 1 }
    const answer = await refusalOf(JSON.stringify(Array(REQUEST_ITEMS_MAX).fill(item)))
    expect(answer.errors.at(-1).index).toBe(BAD_ITEMS_TOLD_MAX - 1)
    expect(answer.more).toBe(REQUEST_ITEMS_MAX - BAD_ITEMS_TOLD_MAX)
    expect(answer.detail).toContain('9900 more')
    expect(answer.length).toBeLessThan(64 * 1024)
  })
})

describe('an item that is too deep', () => {
  const find = (text: string, isLines = false) => findMonster(new TextEncoder().encode(text), isLines)?.index

  test('[I2] is named by its index, in an array and in lines', () => {
    const items = ['{"key":"[["}', `{"key":"a","x":${deep(JSON_DEPTH_MAX)}}`]
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('{"key":"a","at":[1,2]}', '{"key":"\\"[,","id":"}"}')),
        (before) => {
          expect(find(`[${[...before, ...items].join()}]`)).toBe(before.length + 1)
          expect(find(`${[...before, ...items].join('\n \n')}\n`, true)).toBe(before.length + 1)
        },
      ),
    )
  })

  test('is one past the bound, and brackets in texts are none', () => {
    expect(find(deep(JSON_DEPTH_MAX))).toBeUndefined()
    expect(find(deep(JSON_DEPTH_MAX + 1))).toBe(0)
    expect(find(`["${deep(100)}\\"${deep(100)}"]`)).toBeUndefined()
    expect(find('{"key":"a"\n'.repeat(100), true)).toBeUndefined()
  })
})

describe('a body without a declared length', () => {
  /** So many bytes in chunks, and how many of them were read. */
  function streamOf(bytes: number) {
    const chunk = new Uint8Array(65_536).fill(0x20)
    const sent = { bytes: 0, isCancelled: false }
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent.bytes >= bytes) return controller.close()
        controller.enqueue(chunk)
        sent.bytes += chunk.byteLength
      },
      cancel() {
        sent.isCancelled = true
      },
    })
    return { body, sent }
  }

  test('[I5] that is too large is read to its end, so that its client gets the 413 and not a reset', async () => {
    const { body, sent } = streamOf(20 * 1024 * 1024)
    expect(await refusalOf(body)).toMatchObject({ status: 413 })
    expect(sent).toEqual({ bytes: 20 * 1024 * 1024, isCancelled: false })
  })

  test('[I5] that never ends is left in the end', async () => {
    const { body, sent } = streamOf(Number.POSITIVE_INFINITY)
    expect(await refusalOf(body)).toMatchObject({ status: 413 })
    expect(sent.isCancelled).toBe(true)
    expect(sent.bytes).toBeLessThan(REQUEST_DRAINED_BYTES_MAX + 200_000)
  })
})

test.each([
  'application/x-ndjson',
  'application/ndjson; charset=utf-8',
  'application/jsonl',
  'application/x-jsonlines',
  'Application/JSON-lines',
])('lines of JSON are taken as %s', async (contentType) => {
  const request = requestOf('{"key":"a"}\n{"key":"b"}\n', contentType)
  expect(goodOf(await readIncrements(request, new KnownTexts(plainKey), TERMS)).keys).toEqual(['a', 'b'])
})

describe('a gzip body', () => {
  const text = JSON.stringify([{ key: 'a' }, { key: 'b', value: 2 }])

  function gzipped(body: Uint8Array, encoding = 'gzip', contentType = 'application/json'): Request {
    const request = requestOf(new Blob([body as Uint8Array<ArrayBuffer>]).stream(), contentType)
    request.headers.set('content-encoding', encoding)
    return request
  }

  async function answerTo(request: Request) {
    const answer = problemResponse(badOf(await readIncrements(request, new KnownTexts(plainKey), TERMS)))
    return { status: answer.status, ...((await answer.json()) as { detail: string }) }
  }

  test.each(['gzip', 'GZIP', 'x-gzip', ' gzip '])('is read as what it becomes: %s', async (encoding) => {
    const read = goodOf(
      await readIncrements(gzipped(gzipSync(text), encoding), new KnownTexts(plainKey), TERMS),
    )
    expect([read.keys, read.values]).toEqual([
      ['a', 'b'],
      [1, 2],
    ])
  })

  test('of several members is read whole, because log shippers put files together', async () => {
    const members = Buffer.concat(['{"key":"a"}\n', '{"key":"b"}\n'].map((line) => gzipSync(line)))
    const request = gzipped(members, 'gzip', 'application/x-ndjson')
    expect(goodOf(await readIncrements(request, new KnownTexts(plainKey), TERMS)).keys).toEqual(['a', 'b'])
  })

  test('that is cut off anywhere is a 400 that says so', async () => {
    const whole = gzipSync(text)
    for (let length = 0; length < whole.length; length++) {
      const { status, detail } = await answerTo(gzipped(whole.subarray(0, length)))
      expect([length, status, detail]).toEqual([length, 400, expect.stringContaining('gzip')])
    }
  })

  test.each([
    ['is none', Buffer.from(text)],
    ['is damaged', gzipSync(text).fill(0xff, 12, 20)],
    ['has something behind it', Buffer.concat([gzipSync(text), Buffer.from('more')])],
  ])('that %s is a 400 that says so', async (_, body) => {
    expect(await answerTo(gzipped(body))).toMatchObject({
      status: 400,
      detail: expect.stringContaining('not valid gzip'),
    })
  })

  test.each([
    ['between two members', (one: Buffer, two: Buffer) => [one, Buffer.of(0), two]],
    ['and text behind the last', (one: Buffer) => [one, Buffer.of(0), Buffer.from('more')]],
    ['alone behind the last', (one: Buffer) => [one, Buffer.of(0)]],
  ])('with a zero byte %s is refused whole, in pieces of any size', async (_, partsOf) => {
    const lines = [gzipSync('{"key":"a"}\n'), gzipSync('{"key":"b"}\n')] as const
    const whole = Buffer.concat(partsOf(...lines))
    for (const size of [1, 7, lines[0].length, lines[0].length + 1, whole.length]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      )
      const request = requestOf(ReadableStream.from(pieces), 'application/x-ndjson')
      request.headers.set('content-encoding', 'gzip')
      expect(await answerTo(request), `${size}`).toMatchObject({
        status: 400,
        detail: expect.stringContaining('not valid gzip'),
      })
    }
  })

  test('[I5] that becomes too large stops at the bound: a bomb of 1 GiB takes no more time and memory than it may', async () => {
    const bomb = Buffer.concat(Array<Buffer>(16).fill(gzipSync(Buffer.alloc(64 << 20))))
    const before = process.memoryUsage().arrayBuffers
    const tookMs = await processorMsOf(async () =>
      expect(await answerTo(gzipped(bomb))).toMatchObject({ status: 413 }),
    )
    // To read it to its end takes seconds.
    expect(tookMs).toBeLessThan(500)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
  })

  test('whose client goes in the middle is a body that ended too early', async () => {
    const whole = gzipSync(text)
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(whole.subarray(0, 10))
        controller.error(new Error('gone'))
      },
    })
    const request = requestOf(body)
    request.headers.set('content-encoding', 'gzip')
    expect(await answerTo(request)).toMatchObject({
      status: 400,
      detail: expect.stringContaining('too early'),
    })
  })
})

test('a body in another encoding is told which are taken', async () => {
  const request = requestOf('{"key":"a"}')
  request.headers.set('content-encoding', 'br')
  const answer = problemResponse(badOf(await readIncrements(request, new KnownTexts(plainKey), TERMS)))
  expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'gzip, identity'])
})
