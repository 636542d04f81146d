import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { REQUEST_BYTES_MAX } from '../../src/limits.ts'
import { UsageError } from '../../src/local/cli.ts'
import { type Ending, runImport } from '../../src/local/import/importer.ts'
import { compileKeyTemplate, KEY_DEFAULT } from '../../src/local/import/key-template.ts'
import { parseOptions } from '../../src/local/import/options.ts'
import type { Timing } from '../../src/local/import/patience.ts'
import { postTo } from '../../src/local/import/post.ts'
import { logReader, looksLikeNdjson, ndjsonReader } from '../../src/local/import/reader.ts'
import { exitCodeOf, summarize } from '../../src/local/import/summary.ts'
import { Tally } from '../../src/local/import/tally.ts'
import { accept, listen, problem, type Received, type Script } from './scripted-worker.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(script: Script, port?: number) {
  const server = await listen(script, port)
  closing.push(server.close)
  return server
}

/** Time that passes at once, and only while somebody waits. */
function timing(onWait: (ms: number) => void = () => undefined): Timing & { waited: number[] } {
  let nowMs = Date.UTC(2026, 10, 21)
  const waited: number[] = []
  return {
    waited,
    now: () => nowMs,
    random: () => 0.5,
    after(ms, callback) {
      waited.push(ms)
      onWait(ms)
      const immediate = setImmediate(() => {
        nowMs += ms
        callback()
      })
      return () => clearImmediate(immediate)
    },
  }
}

type Settings = {
  url: URL
  bundleItems: number
  concurrency: number
  lingerMs: number
  clock: Timing
  timeoutMs: number
  interrupt: AbortSignal
  token: string
}

type Outcome = { tally: Tally; ending: Ending; said: string[]; code: number; summary: string }

async function importing(
  input: string | Readable,
  settings: { url: URL } & Partial<Settings>,
): Promise<Outcome> {
  const said: string[] = []
  const tally = new Tally((line) => said.push(line))
  const ending = await runImport({
    input: typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input,
    readerFor: (first) =>
      looksLikeNdjson(first) ? ndjsonReader : logReader('auto', compileKeyTemplate(KEY_DEFAULT)),
    post: postTo(settings.url, settings.token, settings.timeoutMs ?? 5_000),
    tally,
    clock: settings.clock ?? timing(),
    bundleItems: settings.bundleItems ?? 10,
    concurrency: settings.concurrency ?? 1,
    lingerMs: settings.lingerMs ?? 60_000,
    interrupt: settings.interrupt ?? new AbortController().signal,
  })
  const summary = summarize(tally, ending, 1_000, false)
  return { tally, ending, said, code: exitCodeOf(tally, ending), summary }
}

function figures({ tally, code }: Outcome) {
  const { lines, accepted, duplicates, refused, unknown } = tally
  expect(accepted + duplicates + refused + unknown).toBe(lines)
  return { accepted, refused, unknown, code }
}

const logLine = (n: number) => `1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /${n} HTTP/1.1" 200 1 "-" "-"\n`
const logOf = (lines: number) => Array.from({ length: lines }, (_, n) => logLine(n)).join('')
const keysOf = (request: Received | undefined) =>
  request?.items.map((item) => item.key.replace('requests', ''))

/** Takes everything except what `first` does with the first request. */
const firstThenAccept =
  (first: (response: ServerResponse, request: Received) => void): Script =>
  (request, n, response) => {
    if (n === 0) first(response, request)
    else accept(response, request.items.length)
  }

describe('a server that takes everything', () => {
  it('gets each request of the log once, at its own time, and the exit code is 0', async () => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const outcome = await importing(logOf(25), { url: server.url, concurrency: 3, token: 'secret' })
    expect(figures(outcome)).toEqual({ accepted: 25, refused: 0, unknown: 0, code: 0 })
    expect(server.received.map((request) => request.items.length).sort()).toEqual([10, 10, 5])
    expect(server.received.flatMap((request) => keysOf(request)).sort()).toEqual(
      Array.from({ length: 25 }, (_, n) => `/${n}`).sort(),
    )
    const [first] = server.received
    expect(first).toMatchObject({ method: 'POST', path: '/increment' })
    expect(first?.headers.authorization).toBe('Bearer secret')
    expect(first?.items[0]).toEqual({ key: 'requests/0', at: '2015-05-17T10:05:03Z' })
    expect(outcome.summary).toMatch(/hours +1 +2015-05-17T10Z to 2015-05-17T10Z/)
  })

  it('has as many requests under way as asked for, and never more', async () => {
    const held: (() => void)[] = []
    const server = await serve(({ items }, _, response) => {
      held.push(() => accept(response, items.length))
      // One more than asked for would have arrived by the next turn of the loop, having been sent along.
      if (held.length === 3) setImmediate(() => release(held))
    })
    const release = (answers: (() => void)[]) => {
      expect(answers).toHaveLength(3)
      for (const answer of answers.splice(0)) answer()
    }
    const settings = { url: server.url, bundleItems: 5, concurrency: 3 }
    expect(figures(await importing(logOf(150), settings)).accepted).toBe(150)
  })

  it('gets NDJSON byte for byte, at an address with a path', async () => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const lines = '{"key":"a","value":2}\r\n\n  \n { "key": "b", "at": 1431857103000 }\n{"key":"ü"}'
    const outcome = await importing(lines, { url: new URL('/sums/', server.url) })
    expect(figures(outcome)).toEqual({ accepted: 3, refused: 0, unknown: 0, code: 0 })
    expect(server.received[0]?.path).toBe('/sums/increment')
    expect(server.received[0]?.items).toEqual([
      { key: 'a', value: 2 },
      { key: 'b', at: 1431857103000 },
      { key: 'ü' },
    ])
    expect(outcome.tally.bytes).toBe(Buffer.byteLength(lines))
  })

  it('gets no more bytes at a time than it takes', async () => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const line = `{"key":"${'k'.repeat(900_000)}"}\n`
    expect(figures(await importing(line.repeat(10), { url: server.url })).accepted).toBe(10)
    const sizes = server.received.map((request) => Number(request.headers['content-length']))
    expect(sizes.length).toBe(3)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(REQUEST_BYTES_MAX)
  })

  it('gets what there is when more is slow to come', async () => {
    const input = new Readable({ read() {} })
    const server = await serve(({ items }, _, response) => {
      accept(response, items.length)
      input.push(null)
    })
    input.push(logLine(1))
    // The input ends only after the server was asked: without lingering this would hang.
    expect(figures(await importing(input, { url: server.url, lingerMs: 5 })).accepted).toBe(1)
  })

  it('counts an empty input as complete', async () => {
    expect(figures(await importing('\n\n', { url: new URL('http://127.0.0.1:1') }))).toMatchObject({
      code: 0,
    })
  })
})

describe('lines that cannot be sent', () => {
  it('are refused with number and reason, the others are counted, and the exit code is 1', async () => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const log = `${logLine(1)}\n\u001b[31mred\n${logLine(2)}1.2.3.4 - - [17/May/2015:10:05:03 +0000] "-" 408 0\n`
    const outcome = await importing(log, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 2, refused: 2, unknown: 0, code: 1 })
    expect(outcome.said.join('\n')).toMatch(/^line 3 refused: .*\nline 5 refused: .*not an HTTP request/)
    // What strangers put into a log must not reach the terminal.
    expect(outcome.said.join('')).not.toContain('\u001b')
  })

  it('are shown ten times and then only summed up', async () => {
    const outcome = await importing('nonsense\n'.repeat(500), { url: new URL('http://127.0.0.1:1') })
    expect(outcome.said).toHaveLength(10)
    expect(outcome.summary).toMatch(/refused: 500 x not an access log line.*first in line 1/)
  })

  it('are also those of NDJSON that is not UTF-8: a replaced byte would be another key', async () => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const input = Readable.from([Buffer.from('{"key":"caf\xe9"}\n{"key":"b"}\n', 'latin1')])
    expect(figures(await importing(input, { url: server.url }))).toMatchObject({ accepted: 1, refused: 1 })
  })

  it.each(['{"key":"a"', '[{"key":"a"}]', '"a"', '{"key":"a"}{"key":"b"}'])('NDJSON %s', async (bad) => {
    const server = await serve(({ items }, _, response) => accept(response, items.length))
    const outcome = await importing(`{"key":"good"}\n${bad}\n`, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 1, refused: 1, unknown: 0, code: 1 })
  })
})

describe('422', () => {
  it('drops what it names, by line, and sends the rest again', async () => {
    const server = await serve(
      firstThenAccept((response) => {
        const closed = { path: 'at', message: 'must be in an open hour: 2015-05-17T10Z is a closed hour' }
        problem(response, 422, {
          errors: [
            { index: 1, ...closed },
            { index: 3, ...closed },
          ],
        })
      }),
    )
    const outcome = await importing(logOf(5), { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 3, refused: 2, unknown: 0, code: 1 })
    expect(keysOf(server.received[1])).toEqual(['/0', '/2', '/4'])
    expect(outcome.said).toEqual([
      expect.stringMatching(/^line 2 refused: at: must be in an open hour/),
      expect.stringMatching(/^line 4 refused: at: must be in an open hour/),
    ])
    expect(outcome.summary).toContain('npm run dev -- --var LATE_HOURS:200000')
  })

  it('with every item bad ends', async () => {
    const server = await serve(({ items }, _, response) =>
      problem(response, 422, {
        errors: items.map((_, index) => ({ index, path: 'key', message: 'is bad' })),
      }),
    )
    expect(figures(await importing(logOf(12), { url: server.url }))).toMatchObject({ refused: 12, code: 1 })
    expect(server.received).toHaveLength(2)
  })

  it('that names nothing it was sent refuses the request instead of asking for ever', async () => {
    const server = await serve((_, __, response) =>
      problem(response, 422, { detail: 'odd', errors: [{ index: 99, path: '', message: 'x' }] }),
    )
    const outcome = await importing(logOf(3), { url: server.url })
    expect(figures(outcome)).toMatchObject({ refused: 3, code: 1 })
    expect(outcome.said[0]).toContain('odd')
  })
})

describe('413', () => {
  it('is answered with halves, until each fits', async () => {
    const server = await serve(({ items }, _, response) => {
      if (items.length > 3) problem(response, 413, {})
      else accept(response, items.length)
    })
    expect(figures(await importing(logOf(10), { url: server.url }))).toMatchObject({ accepted: 10, code: 0 })
    expect(server.received.map((request) => request.items.length)).toEqual([10, 5, 3, 2, 5, 3, 2])
  })

  it('for a single increment refuses it', async () => {
    const server = await serve(({ items }, _, response) => {
      if (items.some((item) => item.key.endsWith('/2'))) problem(response, 413, {})
      else accept(response, items.length)
    })
    expect(figures(await importing(logOf(4), { url: server.url }))).toMatchObject({
      accepted: 3,
      refused: 1,
      code: 1,
    })
  })
})

const gateway = (response: ServerResponse, body: string) =>
  void response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end(body)

describe('503', () => {
  it('sends the refused again, never the unknown, and takes the others for counted', async () => {
    const server = await serve(
      firstThenAccept((response) =>
        problem(response, 503, { detail: 'a shard is away', refused: [0, 4], unknown: [1] }),
      ),
    )
    const outcome = await importing(logOf(5), { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 4, refused: 0, unknown: 1, code: 1 })
    expect(server.received.map(keysOf)).toEqual([
      ['/0', '/1', '/2', '/3', '/4'],
      ['/0', '/4'],
    ])
    expect(outcome.said).toEqual([
      expect.stringMatching(/^line 2 may or may not have been counted:.*a shard is away/),
    ])
  })

  it('with Retry-After waits at least so long', async () => {
    const clock = timing()
    const server = await serve(
      firstThenAccept((response) => problem(response, 503, {}, { 'retry-after': '7' })),
    )
    expect(figures(await importing(logOf(5), { url: server.url, clock }))).toMatchObject({
      accepted: 5,
      code: 0,
    })
    expect(clock.waited).toEqual([7_000])
  })

  it('is not alone: 429 is sent again, too', async () => {
    const server = await serve(firstThenAccept((response) => problem(response, 429, {})))
    expect(figures(await importing(logOf(5), { url: server.url }))).toMatchObject({ accepted: 5, code: 0 })
  })

  it('for ever is given up after a bounded time, with growing waits', async () => {
    const clock = timing()
    const server = await serve(({ items }, _, response) =>
      problem(response, 503, { refused: items.map((_, index) => index) }),
    )
    expect(figures(await importing(logOf(3), { url: server.url, clock }))).toMatchObject({
      refused: 3,
      code: 1,
    })
    expect(clock.waited.slice(0, 3)).toEqual([150, 300, 600])
    expect(clock.waited.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(60_000)
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ['from a gateway, which cannot know', (response) => gateway(response, 'Bad gateway')],
    ['from a gateway, in JSON', (response) => gateway(response, '{"refused":[0]}')],
    ['without lists and without Retry-After', (response) => problem(response, 503, {})],
    ['that names what was not sent', (response) => problem(response, 503, { refused: [5] })],
    ['that names one as both', (response) => problem(response, 503, { refused: [1], unknown: [1] })],
  ])('%s leaves all unknown', async (_, first) => {
    const server = await serve(firstThenAccept(first))
    expect(figures(await importing(logOf(5), { url: server.url }))).toMatchObject({ unknown: 5, code: 1 })
    expect(server.received).toHaveLength(1)
  })
})

describe('an answer that tells nothing', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['500', (response) => problem(response, 500, {})],
    ['502', (response) => void response.writeHead(502).end('<html>')],
    ['a dropped connection', (response) => void response.socket?.destroy()],
    [
      'a connection dropped within the answer',
      (response) => {
        response.writeHead(202, { 'content-type': 'application/json', 'content-length': '99' }).write('{"acc')
        setImmediate(() => response.socket?.destroy())
      },
    ],
    ['no answer in time', () => undefined],
    ['a 202 that is not ours', (response) => void response.writeHead(202).end('Welcome to the hotel')],
    ['a 202 that acknowledges fewer', (response) => accept(response, 4)],
  ])('%s: all of the request is unknown, is not sent again, and the import goes on', async (_, first) => {
    const server = await serve(firstThenAccept(first))
    const outcome = await importing(logOf(8), { url: server.url, bundleItems: 5, timeoutMs: 200 })
    expect(figures(outcome)).toEqual({ accepted: 3, refused: 0, unknown: 5, code: 1 })
    expect(server.received.map((request) => request.items.length)).toEqual([5, 3])
    expect(outcome.said[0]).toMatch(/^lines 1-5 may or may not have been counted: ./)
  })

  it('is asked again where every increment has an id, and duplicates are acknowledged', async () => {
    const server = await serve((request, n, response) => {
      if (n === 0) response.socket?.destroy()
      else accept(response, 0, request.items.length)
    })
    const lines = '{"key":"a","at":1,"id":"x"}\n{"key":"b"}\n{"key":"c","at":1,"id":"y"}\n'
    const outcome = await importing(lines, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 0, refused: 0, unknown: 1, code: 1 })
    expect(server.received[1]?.items.map((item) => item.id)).toEqual(['x', 'y'])
    expect(outcome.tally.duplicates).toBe(2)
  })

  it('is not taken back by a later refusal', async () => {
    const server = await serve((_, n, response) => {
      if (n === 0) response.socket?.destroy()
      else problem(response, 422, { errors: [{ index: 0, path: 'at', message: 'its hour is closed' }] })
    })
    const outcome = await importing('{"key":"a","at":1,"id":"x"}\n', { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 0, refused: 0, unknown: 1, code: 1 })
  })

  it('an id in conflict is refused', async () => {
    const server = await serve((_, __, response) => accept(response, 1, 0, [1]))
    const outcome = await importing('{"key":"a","at":1,"id":"x"}\n{"key":"b","at":1,"id":"x"}\n', {
      url: server.url,
    })
    expect(figures(outcome)).toEqual({ accepted: 1, refused: 1, unknown: 0, code: 1 })
    expect(outcome.said[0]).toMatch(/^line 2 refused: its id/)
  })
})

describe('a server that is not there', () => {
  it('is waited for, and then counts each line once', async () => {
    const gone = await listen(() => undefined)
    await gone.close()
    let starting: Promise<unknown> | undefined
    const server: { received?: readonly Received[] } = {}
    const clock = timing(() => {
      starting ??= serve(({ items }, _, response) => accept(response, items.length), gone.port).then(
        (back) => {
          server.received = back.received
        },
      )
    })
    const outcome = await importing(logOf(15), { url: gone.url, clock })
    await starting
    expect(figures(outcome)).toEqual({ accepted: 15, refused: 0, unknown: 0, code: 0 })
    expect(server.received?.flatMap((request) => request.items)).toHaveLength(15)
  })

  it('ends the import after a bounded time: refused, not unknown', async () => {
    const gone = await listen(() => undefined)
    await gone.close()
    const clock = timing()
    const outcome = await importing(logOf(15), { url: gone.url, clock })
    expect(outcome.ending).toEqual({
      kind: 'stopped',
      reason: expect.stringMatching(/^cannot connect: .*REFUSED/),
    })
    expect(figures(outcome)).toMatchObject({ accepted: 0, unknown: 0, code: 1 })
    expect(clock.waited.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(15_000)
  })
})

describe('an answer that every request would get', () => {
  it.each([400, 401, 403, 404, 415])('%d stops the import with the words of the server', async (status) => {
    const server = await serve((_, __, response) =>
      problem(response, status, { title: 'No', detail: 'it is so' }),
    )
    const outcome = await importing(logOf(100), { url: server.url })
    expect(outcome.ending).toEqual({ kind: 'stopped', reason: `${status}: No: it is so` })
    expect(outcome.code).toBe(1)
    expect(outcome.summary).toContain(`stopped: ${status}: No: it is so`)
    expect(outcome.tally).toMatchObject({ accepted: 0, unknown: 0 })
    expect(server.received).toHaveLength(1)
  })

  it('a redirect is named, not followed: the token goes nowhere else', async () => {
    const elsewhere = await serve(({ items }, _, response) => accept(response, items.length))
    const location = new URL('/increment', elsewhere.url).href
    const server = await serve((_, __, response) => void response.writeHead(308, { location }).end())
    const outcome = await importing(logOf(3), { url: server.url, token: 'secret' })
    expect(outcome.summary).toContain(`redirects to ${location}`)
    expect(figures(outcome)).toMatchObject({ refused: 3, code: 1 })
    expect(elsewhere.received).toEqual([])
  })
})

describe('Ctrl-C', () => {
  it('reads no more, finishes what is under way, and says where to go on', async () => {
    const interrupt = new AbortController()
    const server = await serve(({ items }, n, response) => {
      if (n === 1) interrupt.abort()
      accept(response, items.length)
    })
    async function* endless() {
      for (let n = 0; ; n++) yield Buffer.from(logLine(n))
    }
    const input = Readable.from(endless())
    const outcome = await importing(input, { url: server.url, interrupt: interrupt.signal })
    expect(outcome.code).toBe(130)
    const sent = server.received.flatMap((request) => request.items).length
    expect(figures(outcome)).toMatchObject({ accepted: sent, refused: 0, unknown: 0 })
    expect(outcome.ending).toEqual({ kind: 'interrupted', lastLine: sent })
    expect(outcome.summary).toContain(`tail -n +${sent + 1}`)
    expect(input.destroyed).toBe(true)
  })

  it('ends a wait for a silent input, and a wait between two tries', async () => {
    const interrupt = new AbortController()
    const silent = new Readable({ read() {} })
    silent.push(logLine(1))
    const server = await serve(({ items }, _, response) =>
      problem(response, 503, { refused: items.map((_, index) => index) }),
    )
    const patient: Timing = {
      ...timing(),
      after() {
        setImmediate(() => interrupt.abort())
        return () => undefined
      },
    }
    const settings = { url: server.url, clock: patient, interrupt: interrupt.signal, lingerMs: 5 }
    expect(figures(await importing(silent, settings))).toEqual({
      accepted: 0,
      refused: 1,
      unknown: 0,
      code: 130,
    })
  })
})

it('whatever the server answers, each line ends as exactly one of accepted, refused and unknown', async () => {
  const fate = fc.constantFrom('accept', 'bad', 'refuse', 'doubt', 'drop', 'large', 'gateway')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { maxLength: 12 }),
      fc.integer({ min: 1, max: 7 }),
      async (fates, size) => {
        const counted = new Map<string, number>()
        const count = (items: Received['items']) => {
          for (const { key } of items) counted.set(key, (counted.get(key) ?? 0) + 1)
        }
        const server = await listen(({ items }, n, response) => {
          const kind = fates[n] ?? 'accept'
          if (kind === 'drop') {
            // The worst: it was counted, and nobody is told.
            count(items)
            response.socket?.destroy()
          } else if (kind === 'bad')
            problem(response, 422, { errors: [{ index: 0, path: 'key', message: 'bad' }] })
          else if (kind === 'large') problem(response, 413, {})
          else if (kind === 'gateway') response.writeHead(502).end()
          else if (kind === 'refuse' || kind === 'doubt') {
            count(items.slice(1))
            problem(response, 503, { [kind === 'refuse' ? 'refused' : 'unknown']: [0] })
          } else {
            count(items)
            accept(response, items.length)
          }
        })
        const outcome = await importing(logOf(20), { url: server.url, bundleItems: size, concurrency: 2 })
        await server.close()
        const { accepted, unknown } = figures(outcome)
        const sum = [...counted.values()].reduce((total, one) => total + one, 0)
        expect(Math.max(0, ...counted.values())).toBeLessThanOrEqual(1)
        expect(sum).toBeGreaterThanOrEqual(accepted)
        expect(sum).toBeLessThanOrEqual(accepted + unknown)
      },
    ),
    { numRuns: 40 },
  )
})

describe('options', () => {
  it('come from the command line, then the environment, then defaults', () => {
    expect(parseOptions(['a.log'], {})).toMatchObject({ format: 'auto', dryRun: false, token: undefined })
    expect(parseOptions([], {}).url.href).toBe('http://127.0.0.1:8787/')
    const env = { SUMDIAL_URL: 'https://a.example', SUMDIAL_TOKEN: 't' }
    expect(parseOptions(['-'], env)).toMatchObject({ file: null, token: 't', url: { host: 'a.example' } })
    expect(parseOptions(['--url', 'http://b:1', '--token', 'u'], env)).toMatchObject({
      token: 'u',
      url: { host: 'b:1' },
    })
  })

  it('take FILE from where the person stands, since npm changes the folder', () => {
    const byNpm = { npm_lifecycle_event: 'import', INIT_CWD: '/home/me/logs' }
    expect(parseOptions(['../a.log'], byNpm).file).toBe('/home/me/a.log')
    expect(parseOptions(['/b.log'], byNpm).file).toBe('/b.log')
    expect(parseOptions(['c.log'], { ...byNpm, npm_lifecycle_event: 'test' }).file).toBe(
      `${process.cwd()}/c.log`,
    )
  })

  it.each([
    [['--batch', '10001']],
    [['--batch', '0']],
    [['--batch', '1e3']],
    [['--concurrency', '65']],
    [['--format', 'clf']],
    [['--key', '{nope}']],
    [['--url', 'localhost:8787']],
    [['--url', 'http://me:secret@a.example']],
    [['--verbose']],
    [['a.log', 'b.log']],
    [['--format', 'ndjson', '--key', 'x{path}']],
  ])('%j is called wrongly', (args) => {
    expect(() => parseOptions(args, {})).toThrow(UsageError)
  })
})
