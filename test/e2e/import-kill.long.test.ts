import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PGlite } from '@electric-sql/pglite'
import { expect, onTestFinished, test } from 'vitest'
import { type Dev, makeState, startDev } from '../support/dev.ts'
import { listenLocally } from '../support/listen.ts'
import { startCommand } from '../support/start-command.ts'
import { untilSettled } from './stored.ts'

const ENTRY = join(import.meta.dirname, '../../src/local/import.ts')
const HOUR_MS = 3_600_000

const HOURS = 40
const LINES_PER_HOUR = 300

type Expected = ReadonlyMap<string, number>

/** A log of hours that are over and still open, and how often it has each path in each hour. */
function makeLog(): { readonly text: string; readonly expected: Expected } {
  const firstHourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - (HOURS + 1) * HOUR_MS
  const expected = new Map<string, number>()
  const lines: string[] = []
  for (let n = 0; n < HOURS * LINES_PER_HOUR; n++) {
    const atMs = firstHourMs + Math.floor((n * HOUR_MS) / LINES_PER_HOUR)
    const path = `/page/${(n * n) % 97}`
    lines.push(`h - - [${logTime(atMs)}] "GET ${path} HTTP/1.1" 200 1 "-" "-"\n`)
    const place = `requests${path} ${new Date(Math.floor(atMs / HOUR_MS) * HOUR_MS).toISOString()}`
    expected.set(place, (expected.get(place) ?? 0) + 1)
  }
  return { text: lines.join(''), expected }
}

/** `17/May/2015:10:05:03 +0000` */
function logTime(ms: number): string {
  const [, day, month, year, time] =
    /^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/.exec(new Date(ms).toUTCString()) ?? []
  return `${day}/${month}/${year}:${time} +0000`
}

/** Called with each request of the importer. `forward` resolves when the Worker has answered; the answer is then handed on. */
type Deed = (n: number, forward: () => Promise<void>, response: ServerResponse) => Promise<void>

/** Stands between the importer and dev, and sees every request. */
async function startProxy(target: () => string, deed: () => Deed): Promise<string> {
  let requests = 0
  const server = createServer((request, response) => {
    const n = requests++
    // Whatever fails here is a lost answer to the importer.
    void deed()(n, () => forward(target(), request, response), response).catch(() => response.destroy())
  })
  const port = await listenLocally(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${port}`
}

async function forward(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { 'content-type': type = '', 'idempotency-key': name = '' } = request.headers
  const headers = { 'content-type': type, 'idempotency-key': String(name) }
  const answer = await fetch(`${target}${request.url}`, {
    method: 'POST',
    headers,
    body: Buffer.concat(chunks),
  })
  const text = await answer.text()
  const retryAfter = answer.headers.get('retry-after')
  if (response.destroyed) return
  response.writeHead(answer.status, {
    'content-type': answer.headers.get('content-type') ?? '',
    ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
  })
  response.end(text)
}

const startImport = (url: string, file: string) => startCommand(ENTRY, ['--url', url, file])

async function storedIn(state: string): Promise<Map<string, number>> {
  const db = await PGlite.create(join(state, 'postgres'))
  try {
    const { rows } = await db.query<{ key: string; hour: Date; sum: number; count: number }>(
      'select key, hour, sum::int as sum, count::int as count from sumdial.counters',
    )
    for (const { key, sum, count } of rows) expect([key, sum]).toEqual([key, count])
    return new Map(rows.map(({ key, hour, count }) => [`${key} ${hour.toISOString()}`, count]))
  } finally {
    await db.close()
  }
}

const figure = (out: string, name: string) =>
  Number(new RegExp(`^${name} +([\\d,]+)`, 'm').exec(out)?.[1]?.replaceAll(',', '') ?? 0)

test('[I3] [I1] kill -9 of the importer and of the server, and lost answers: every path and hour is exact, and a second import counts nothing', async () => {
  const state = makeState()
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const { text, expected } = makeLog()
  const [file, packed] = [join(folder, 'a.log'), join(folder, 'a.log.gz')]
  writeFileSync(file, text)
  writeFileSync(packed, gzipSync(text))

  let dev: Dev = await startDev({ state, vars: { FLUSH_INTERVAL_SECONDS: '1' } })
  let deed: Deed = (_, pass) => pass()
  const url = await startProxy(
    () => dev.url,
    () => deed,
  )

  // Killed a little later each time, before the Worker has the request and after, with the answer under way.
  for (let round = 0; round < 6; round++) {
    const running = startImport(url, file)
    let own = 0
    deed = async (_, pass) => {
      own += 1
      if (own !== 3 + 6 * round) return pass()
      if (round % 2 === 1) await pass()
      running.child.kill('SIGKILL')
    }
    expect((await running.ended).code).toBeNull()
  }

  // One import lives through all of this: every fifth answer is lost, and once the server is killed and started again.
  let restarting: Promise<void> | undefined
  deed = async (n, pass, response) => {
    if (n % 5 === 0) {
      await pass().catch(() => undefined)
      response.destroy()
      return
    }
    restarting ??= (async () => {
      await dev.processes.kill()
      dev = await startDev({ state, port: dev.port, vars: { FLUSH_INTERVAL_SECONDS: '1' } })
    })()
    await pass()
  }
  const whole = await startImport(url, file).ended
  await restarting
  expect(whole.out).toContain('unknown               0')
  expect(whole.code).toBe(0)

  deed = (_, pass) => pass()
  for (const again of [file, packed]) {
    const { code, out } = await startImport(url, again).ended
    expect([code, figure(out, 'accepted'), figure(out, 'duplicates')]).toEqual([0, 0, HOURS * LINES_PER_HOUR])
  }

  await untilSettled(dev.url)
  expect(await dev.stop()).toMatchObject({ code: 0 })
  expect(await storedIn(state)).toEqual(new Map(expected))
})
