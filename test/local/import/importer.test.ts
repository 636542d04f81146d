import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { REQUEST_BYTES_MAX } from '../../../src/limits.ts'
import { UsageError } from '../../../src/local/cli.ts'
import { PATIENCE_MS } from '../../../src/local/import/connection.ts'
import { CUT_BOUNDS } from '../../../src/local/import/cutting.ts'
import { parseOptions } from '../../../src/local/import/options.ts'
import { accept, listen, problem, type Received, type Script } from '../scripted-worker.ts'
import { figures, importing, instantTiming, logLine, logOf, serve } from './rig.ts'

const keysOf = (request: Received | undefined) =>
  request?.items.map((item) => item.key.replace('requests', ''))

const namesOf = (received: readonly Received[]) => received.map(({ headers }) => headers['idempotency-key'])

const acceptAll: Script = ({ items }, _, response) => accept(response, items.length)

/** Takes everything except what `first` does with the first request. */
const firstThenAccept =
  (first: (response: ServerResponse, request: Received) => void): Script =>
  (request, n, response) => {
    if (n === 0) first(response, request)
    else accept(response, request.items.length)
  }

describe('a server that takes everything', () => {
  it('gets each request of the log once, at its own time, and the exit code is 0', async () => {
    const server = await serve(acceptAll)
    const outcome = await importing(logOf(25), { url: server.url, concurrency: 3, token: 'secret' })
    expect(figures(outcome)).toEqual({ accepted: 25, code: 0 })
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
    const settings = { url: server.url, batchLines: 5, concurrency: 3 }
    expect(figures(await importing(logOf(150), settings))).toEqual({ accepted: 150, code: 0 })
  })

  it('gets batches of one hour each, under a name each', async () => {
    const server = await serve(acceptAll)
    const lines = ['17/May/2015:10:59:59 +0000', '17/May/2015:11:00:00 +0000', '17/May/2015:12:30:00 +0200']
    await importing(lines.map((time, n) => logLine(n, time)).join(''), { url: server.url })
    expect(server.received.map(keysOf)).toEqual([['/0', '/2'], ['/1']])
    const names = namesOf(server.received)
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name).toMatch(/^import-[0-9a-f]{40}$/)
  })

  it('gets NDJSON byte for byte, at an address with a path', async () => {
    const server = await serve(acceptAll)
    const lines =
      '{"key":"a","value":2,"at":1431857103000}\r\n\n  \n { "key": "b", "at": "2015-05-17T10:06:00Z" }\n{"key":"ü","id":"x"}'
    const outcome = await importing(lines, { url: new URL('/sums/', server.url) })
    expect(figures(outcome)).toEqual({ accepted: 3, code: 0 })
    expect(server.received[0]?.path).toBe('/sums/increment')
    expect(server.received.map(({ items }) => items)).toEqual([
      [
        { key: 'a', value: 2, at: 1431857103000 },
        { key: 'b', at: '2015-05-17T10:06:00Z' },
      ],
      [{ key: 'ü', id: 'x' }],
    ])
    // An increment with an id of its own goes without a name: the server refuses the two together.
    expect(namesOf(server.received)).toEqual([expect.stringMatching(/^import-/), undefined])
  })

  it('gets the time at which a line of NDJSON was read, where the line has none', async () => {
    const server = await serve(acceptAll)
    const timing = instantTiming()
    await importing('{}\n{ "key":"b"}\n', { url: server.url, timing })
    expect(server.received[0]?.items).toEqual([{ at: timing.now() }, { at: timing.now(), key: 'b' }])
  })

  it('gets no more bytes at a time than it takes, whatever the lines are', async () => {
    const server = await serve(acceptAll)
    const line = `{"at":1,"key":"${'k'.repeat(900_000)}"}\n`
    const settings = { url: server.url, bounds: CUT_BOUNDS }
    expect(figures(await importing(line.repeat(10), settings))).toEqual({ accepted: 10, code: 0 })
    const path = '"\\'.repeat(300)
    expect(figures(await importing(logLine(path).repeat(1_000), settings))).toEqual({
      accepted: 1_000,
      code: 0,
    })
    const sizes = server.received.map((request) => Number(request.headers['content-length']))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(REQUEST_BYTES_MAX / 2)
  })

  it('gets what there is when more is slow to come, if it is to follow', async () => {
    const input = new Readable({ read() {} })
    const server = await serve(({ items }, _, response) => {
      accept(response, items.length)
      input.push(null)
    })
    input.push(logLine(1))
    // The input ends only after the server was asked: without following this would hang.
    const settings = { url: server.url, isFollowing: true, salt: 'random' }
    expect(figures(await importing(input, settings))).toEqual({ accepted: 1, code: 0 })
  })

  it('counts an empty input as complete', async () => {
    expect(figures(await importing('\n\n', { url: new URL('http://127.0.0.1:1') }))).toEqual({ code: 0 })
  })
})

describe('lines that cannot be sent', () => {
  it('are refused with number and reason, the others are counted, and the exit code is 1', async () => {
    const server = await serve(acceptAll)
    const log = `${logLine(1)}\n\u001b[31mred\n${logLine(2)}1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1"\n`
    const outcome = await importing(log, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 2, refused: 2, code: 1 })
    expect(outcome.said.join('\n')).toMatch(/^line 3 refused: .*\nline 5 refused: no `"request" status size`/)
    // Nothing that strangers put into a log may reach the terminal.
    expect(outcome.said.join('')).not.toContain('\u001b')
  })

  it('outside of the prefix of the token are refused by name, and the others are counted', async () => {
    const isOutside = ({ key }: { key: string }) => !key.startsWith('pub/')
    const server = await serve(({ items }, _, response) => {
      const message = 'must be pub, or begin with pub/'
      const errors = items.flatMap((item, index) =>
        isOutside(item) ? [{ index, path: 'key', message }] : [],
      )
      if (errors.length === 0) accept(response, items.length)
      else problem(response, 403, { title: 'Forbidden', errors })
    })
    const lines = ['pub/i1', 'other/i1', 'pub/i2'].map((key) => `{"key":"${key}"}\n`).join('')
    const outcome = await importing(lines, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 2, refused: 1, code: 1 })
    expect(outcome.said).toEqual([
      expect.stringMatching(/^line 2 refused: key must be pub, or begin with pub\//),
    ])
    expect(outcome.ending.kind).toBe('complete')
  })

  it('are shown ten times and then only summed up', async () => {
    const outcome = await importing('nonsense\n'.repeat(500), { url: new URL('http://127.0.0.1:1') })
    expect(outcome.said).toHaveLength(10)
    expect(outcome.summary).toMatch(/refused: 500 x not an access log line.*first in line 1/)
  })

  it('are also those of NDJSON that is not UTF-8: a replaced byte would be another key', async () => {
    const server = await serve(acceptAll)
    const input = Readable.from([Buffer.from('{"key":"caf\xe9"}\n{"key":"b"}\n', 'latin1')])
    expect(figures(await importing(input, { url: server.url }))).toEqual({ accepted: 1, refused: 1, code: 1 })
  })

  it.each(['{"key":"a"', '[{"key":"a"}]', '"a"', '{"key":"a"}{"key":"b"}'])('NDJSON %s', async (bad) => {
    const server = await serve(acceptAll)
    const outcome = await importing(`{"key":"good"}\n${bad}\n`, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 1, refused: 1, code: 1 })
  })
})

describe('422', () => {
  it('drops what it names, by line, and sends the rest again under the same name', async () => {
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
    expect(figures(outcome)).toEqual({ accepted: 3, refused: 2, code: 1 })
    expect(keysOf(server.received[1])).toEqual(['/0', '/2', '/4'])
    expect(new Set(namesOf(server.received)).size).toBe(1)
    expect(outcome.said).toEqual([
      expect.stringMatching(/^line 2 refused: at must be in an open hour/),
      expect.stringMatching(/^line 4 refused: at must be in an open hour/),
    ])
    expect(outcome.summary).toContain('npm run import -- --into-postgres FILE')
  })

  it('with every item bad ends', async () => {
    const server = await serve(({ items }, _, response) =>
      problem(response, 422, {
        errors: items.map((_, index) => ({ index, path: 'key', message: 'is bad' })),
      }),
    )
    expect(figures(await importing(logOf(12), { url: server.url }))).toEqual({ refused: 12, code: 1 })
    expect(server.received).toHaveLength(2)
  })

  it('that names nothing it was sent refuses the request instead of asking for ever', async () => {
    const server = await serve((_, __, response) =>
      problem(response, 422, { detail: 'odd', errors: [{ index: 99, path: '', message: 'x' }] }),
    )
    const outcome = await importing(logOf(3), { url: server.url })
    expect(figures(outcome)).toEqual({ refused: 3, code: 1 })
    expect(outcome.said[0]).toContain('odd')
  })
})

it('413 refuses the batch, which is never halved: halves would have names that a later import does not have', async () => {
  const server = await serve(
    firstThenAccept((response) => problem(response, 413, { detail: 'less, please' })),
  )
  const outcome = await importing(logOf(15), { url: server.url })
  expect(figures(outcome)).toEqual({ accepted: 5, refused: 10, code: 1 })
  expect(outcome.said[0]).toContain('less, please')
  expect(server.received.map(({ items }) => items.length)).toEqual([10, 5])
})

const gateway = (response: ServerResponse, body: string) =>
  void response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end(body)

describe('an answer that does not say that all was counted', () => {
  it.each<[string, (response: ServerResponse) => void]>([
    ['503 for a part', (response) => problem(response, 503, { refused: [0, 4], unknown: [1] })],
    ['503 without lists', (response) => problem(response, 503, {})],
    ['503 that names what was not sent', (response) => problem(response, 503, { refused: [5] })],
    ['503 from a gateway', (response) => gateway(response, 'Bad gateway')],
    ['503 from a gateway, in JSON', (response) => gateway(response, '{"refused":[0]}')],
    ['429', (response) => problem(response, 429, {})],
    ['500', (response) => problem(response, 500, {})],
    ['502', (response) => void response.writeHead(502).end('<html>')],
    ['413 from a proxy', (response) => void response.writeHead(413).end('<html>')],
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
  ])('[I3] %s: the same batch is sent again under the same name', async (_, first) => {
    const server = await serve(firstThenAccept(first))
    const timing = instantTiming(undefined, 200)
    const outcome = await importing(logOf(8), { url: server.url, batchLines: 5, timing })
    expect(figures(outcome)).toEqual({ accepted: 8, code: 0 })
    expect(server.received.map(keysOf)).toEqual([
      ['/0', '/1', '/2', '/3', '/4'],
      ['/0', '/1', '/2', '/3', '/4'],
      ['/5', '/6', '/7'],
    ])
    const [once, again, other] = namesOf(server.received)
    expect(once).toBe(again)
    expect(other).not.toBe(once)
  })

  it('with Retry-After is followed by a wait of at least so long', async () => {
    const timing = instantTiming()
    const server = await serve(
      firstThenAccept((response) => problem(response, 503, {}, { 'retry-after': '7' })),
    )
    expect(figures(await importing(logOf(5), { url: server.url, timing }))).toEqual({ accepted: 5, code: 0 })
    expect(timing.waited).toEqual([7_000])
  })

  it('for ever is given up after a bounded time, with growing waits, and the lines are told apart', async () => {
    const timing = instantTiming()
    const server = await serve(({ items }, _, response) => {
      // Of the second batch nothing is known, of the others that nothing was counted.
      if (items[0]?.key === 'requests/5') problem(response, 500, {})
      else problem(response, 503, { refused: items.map((_, index) => index), unknown: [] })
    })
    const settings = { url: server.url, timing, batchLines: 5, concurrency: 2 }
    const outcome = await importing(logOf(12), settings)
    expect(figures(outcome)).toEqual({ unknown: 5, unsent: 7, code: 1 })
    expect(timing.waited.slice(0, 2)).toEqual([150, 150])
    expect(timing.waited.reduce((sum, ms) => sum + ms)).toBeLessThan(4 * PATIENCE_MS)
    expect(outcome.summary).toMatch(/unknown +5/)
    expect(outcome.summary).toMatch(/not sent +7 +not counted: lines 1 to 12/)
    expect(outcome.summary).toMatch(/Stopped: No request got through for \d+ seconds: 50/)
    expect(outcome.summary).toContain('Run the same command again')
  })
})

describe('increments with ids of their own', () => {
  it('are sent again after a lost answer', async () => {
    const server = await serve((request, n, response) => {
      if (n === 0) response.socket?.destroy()
      else accept(response, 0, request.items.length)
    })
    const lines = '{"key":"a","at":1,"id":"x"}\n{"key":"c","at":1,"id":"y"}\n'
    const outcome = await importing(lines, { url: server.url })
    expect(figures(outcome)).toEqual({ accepted: 2, code: 0 })
    expect(server.received[1]?.items.map((item) => item.id)).toEqual(['x', 'y'])
  })

  it('that were counted before are told, and are no failure', async () => {
    const server = await serve((request, _, response) => accept(response, 0, request.items.length))
    const outcome = await importing('{"key":"a","at":1,"id":"x"}\n', { url: server.url })
    expect(figures(outcome)).toEqual({ byId: 1, code: 0 })
    expect(outcome.summary).toMatch(/by id +1 +had been counted before/)
  })

  it('may have been counted when a later answer refuses them', async () => {
    const server = await serve((_, n, response) => {
      if (n === 0) response.socket?.destroy()
      else problem(response, 422, { errors: [{ index: 0, path: 'at', message: 'its hour is closed' }] })
    })
    const outcome = await importing('{"key":"a","at":1,"id":"x"}\n', { url: server.url })
    expect(figures(outcome)).toEqual({ unknown: 1, code: 1 })
  })

  it('are refused in conflict', async () => {
    const server = await serve((_, __, response) => accept(response, 1, 0, [1]))
    const outcome = await importing('{"key":"a","at":1,"id":"x"}\n{"key":"b","at":1,"id":"x"}\n', {
      url: server.url,
    })
    expect(figures(outcome)).toEqual({ accepted: 1, refused: 1, code: 1 })
    expect(outcome.said[0]).toMatch(/^line 2 refused: its id/)
  })
})

describe('a server that is not there', () => {
  it('is said at once, in one sentence, when it has never answered', async () => {
    const gone = await listen(() => undefined)
    await gone.close()
    const timing = instantTiming()
    const outcome = await importing(logOf(15), { url: gone.url, timing })
    const reason = `Nothing answers at ${gone.url.origin}. Start it with npm run dev, or pass --url.`
    expect(outcome.ending).toEqual({ kind: 'stopped', reason, isDamaged: false })
    expect(figures(outcome)).toMatchObject({ code: 1, unsent: expect.any(Number) })
    expect([outcome.tally.unknown, timing.waited]).toEqual([0, []])
  })

  it('is waited for when it has answered before, and then counts each line once', async () => {
    const received: Received[] = []
    const first = await listen((request, _, response) => {
      received.push(request)
      accept(response, request.items.length)
      void first.close()
    })
    let starting: Promise<unknown> | undefined
    const timing = instantTiming(() => {
      starting ??= serve((request, _, response) => {
        received.push(request)
        accept(response, request.items.length)
      }, first.port)
    })
    const outcome = await importing(logOf(35), { url: first.url, timing })
    await starting
    expect(figures(outcome)).toEqual({ accepted: 35, code: 0 })
    expect(new Set(namesOf(received)).size).toBe(4)
  })
})

describe('an answer that every request would get', () => {
  it.each([400, 401, 403, 404, 415])('%d stops the import with the words of the server', async (status) => {
    const server = await serve((_, __, response) =>
      problem(response, status, { title: 'No', detail: 'It is so.' }),
    )
    const outcome = await importing(logOf(100), { url: server.url })
    expect(outcome.summary).toContain(`Stopped: ${status}: No: It is so.`)
    expect(outcome.code).toBe(1)
    expect(outcome.tally).toMatchObject({ accepted: 0, unknown: 0 })
    expect(server.received).toHaveLength(1)
  })

  it('a redirect is named, not followed: the token goes nowhere else', async () => {
    const elsewhere = await serve(acceptAll)
    const location = new URL('/increment', elsewhere.url).href
    const server = await serve((_, __, response) => void response.writeHead(308, { location }).end())
    const outcome = await importing(logOf(3), { url: server.url, token: 'secret' })
    expect(outcome.summary).toContain(`redirects to ${location}`)
    expect(figures(outcome)).toEqual({ unsent: 3, code: 1 })
    expect(elsewhere.received).toEqual([])
  })
})

describe('Ctrl-C', () => {
  async function* endless() {
    for (let n = 0; ; n++) yield Buffer.from(logLine(n))
  }

  it('reads no more, finishes what is under way, and leaves the rest to the same command', async () => {
    const interrupt = new AbortController()
    const server = await serve(({ items }, n, response) => {
      if (n === 1) interrupt.abort()
      accept(response, items.length)
    })
    const input = Readable.from(endless())
    const outcome = await importing(input, { url: server.url, interrupt: interrupt.signal })
    expect(outcome.code).toBe(130)
    const sent = server.received.flatMap((request) => request.items).length
    expect(outcome.tally.accepted).toBe(sent)
    expect(outcome.tally).toMatchObject({ refused: 0, unknown: 0 })
    expect(outcome.summary).toContain('Run the same command again')
    expect(input.destroyed).toBe(true)
  })

  it('sends all that was read when the names are random, and says where to go on', async () => {
    const interrupt = new AbortController()
    const server = await serve(({ items }, n, response) => {
      if (n === 1) interrupt.abort()
      accept(response, items.length)
    })
    const settings = { url: server.url, interrupt: interrupt.signal, salt: 'random' }
    const outcome = await importing(Readable.from(endless()), settings)
    const sent = server.received.flatMap((request) => request.items).length
    expect(figures(outcome)).toEqual({ accepted: sent, code: 130 })
    expect(outcome.summary).toContain(`The rest begins with tail -n +${sent + 1}.`)
    expect(outcome.summary).not.toContain('same command')
  })

  it('ends a wait between two tries', async () => {
    const interrupt = new AbortController()
    const server = await serve(({ items }, _, response) =>
      problem(response, 503, { refused: items.map((_, index) => index), unknown: [] }),
    )
    const timing = instantTiming(() => setImmediate(() => interrupt.abort()))
    const settings = { url: server.url, timing, interrupt: interrupt.signal }
    expect(figures(await importing(logOf(10), settings))).toEqual({ unsent: 10, code: 130 })
  })
})

describe('options', () => {
  it('come from the command line, then the environment, then defaults', () => {
    expect(parseOptions(['a.log'], {})).toMatchObject({ format: 'auto', isDryRun: false, token: undefined })
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
    [['--concurrency', '65']],
    [['--concurrency', '0']],
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
