import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { makeState, startDev } from '../support/dev.ts'

const LOCAL = join(import.meta.dirname, '../../src/local')
const DAYS = 12

/** An access log of 2015, with 12 lines an hour and some 30 paths. */
function writeLog(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'access.log')
  const lines = Array.from({ length: DAYS * 24 * 12 }, (_, n) => {
    const at = new Date(Date.UTC(2015, 0, 1) + n * 300_000).toUTCString()
    const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/.exec(at) ?? []
    return `h - - [${day}/${month}/${year}:${time} +0000] "GET /page/${(n * n) % 53} HTTP/1.1" ${n % 7 === 0 ? 404 : 200} 1 "-" "-"\n`
  })
  writeFileSync(file, lines.join(''))
  return file
}

/** Questions to such a log: by day and month, in another zone, by hour, the largest keys, by a label. */
const READS = [
  'counters?prefix=requests/page/&bucket=day',
  'counters?prefix=requests/page/&bucket=month&tz=Asia/Kolkata',
  'counters?key=requests/page/1&bucket=hour&to=2015-01-09T05:00:00Z',
  'counters?prefix=requests/page/&bucket=month&by=status',
  'keys?prefix=requests/page/&sort=-sum',
]

test('[D1] an imported log of old days, rolled up beside npm run dev: the status says so, and every count is as before', async () => {
  const state = makeState()
  const { url, stop } = await startDev({ state })
  const env = {
    ...process.env,
    DATABASE_URL: '',
    NEON_FETCH_ENDPOINT: readFileSync(join(state, 'endpoint'), 'utf8'),
  }
  const run = (command: string, ...args: string[]) =>
    promisify(execFile)(process.execPath, [join(LOCAL, command), ...args], { env })
  const ask = async (path: string) => {
    const response = await fetch(`${url}/${path}`)
    expect(response.status, path).toBe(200)
    return response.json()
  }
  const readAll = () => Promise.all(READS.map(async (path) => countsOf(await ask(spanning(path)))))

  await run('import.ts', '--into-postgres', '--label', 'status={status}', writeLog())
  const before = await readAll()
  expect(JSON.stringify(before)).toContain(String(DAYS * 24 * 12))
  expect(await ask('status?days=1')).toMatchObject({
    days: { through: null, next: '2015-01-01', stale: DAYS, begins: expect.any(String) },
  })
  const { stdout } = await run('rollup.ts', '--now')
  expect(stdout).toContain(`${DAYS} days made`)
  expect(await ask('status?days=1')).toMatchObject({
    days: { through: '2015-01-12', next: null, stale: 0, begins: null },
  })
  expect(await readAll()).toEqual(before)
  await stop()
})

function spanning(path: string): string {
  const to = path.includes('to=') ? '' : '&to=2015-03-01T00:00:00Z'
  return `${path}&from=2015-01-01T00:00:00Z${to}`
}

/** An answer without the times at which it was read. */
function countsOf(answer: unknown): unknown {
  const times = ['freshAsOf', 'answeredAt', 'committedAsOf', 'lastFlush', 'lastFlushAt', 'asOf']
  return JSON.parse(JSON.stringify(answer, (name, value) => (times.includes(name) ? undefined : value)))
}
