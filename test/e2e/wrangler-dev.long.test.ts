import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startPostgres } from '../support/postgres.ts'
import { ProcessTree } from '../support/processes.ts'
import { readServer } from './stored.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The parts of a clone that `wrangler dev` needs, after `npm ci`. */
const PARTS = ['src', 'migrations', 'package.json', 'wrangler.toml']

function clone(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-clone-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  for (const part of PARTS) cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Resolves when it listens. It reads .dev.vars at its start alone. */
async function wranglerDev(cwd: string): Promise<{ url: string; stop(): Promise<void> }> {
  const { PATH, HOME, TMPDIR } = process.env
  const env = { PATH, HOME, TMPDIR, NO_COLOR: '1', CI: 'true' }
  const args = ['wrangler', 'dev', '--ip', '127.0.0.1', '--port', '0']
  const child = spawn('npx', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const processes = new ProcessTree(child.pid ?? 0)
  onTestFinished(() => processes.kill())
  let log = ''
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        log += chunk
        const url = /Ready on (http:\S+)/.exec(log)?.[1]
        if (url !== undefined) processes.list().then(() => resolve(url), reject)
      })
    child.once('close', (code) => reject(new Error(`${code}: ${log}`)))
  })
  return { url, stop: () => processes.kill() }
}

const TOKEN = 'sd_test'
const SHA256 = createHash('sha256').update(TOKEN).digest('hex')
const API_TOKENS = JSON.stringify([{ name: 'me', sha256: SHA256, scopes: ['write', 'read'] }])
const KEY = 'site/example.com/pricing'

const WAIT = { timeout: 60_000, interval: 200 }

test('plain `npx wrangler dev` in a clone says at each step what it lacks, counts meanwhile, and makes its tables in an empty PostgreSQL', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const databaseUrl = await server.createDatabase()
  const folder = clone()
  let dev = await wranglerDev(folder)
  const restart = async (vars: string) => {
    await dev.stop()
    writeFileSync(join(folder, '.dev.vars'), vars)
    dev = await wranglerDev(folder)
  }
  const ask = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`${dev.url}${path}`, { headers, ...init })
    return { status: response.status, answer: await response.json() }
  }

  // [S1] Nothing but the code: refused as a deployed Worker refuses, in words for this machine.
  const closed = { status: 403, answer: { detail: expect.stringMatching(/\.dev\.vars.*npm run dev/) } }
  expect(await ask('/increment', { key: KEY })).toMatchObject(closed)

  // Tokens, and no database: it counts, and says what is missing.
  await restart(`API_TOKENS='${API_TOKENS}'\n`)
  expect(await ask('/increment', { key: KEY })).toMatchObject({ status: 202 })
  expect(await ask(`/counters/${KEY}`)).toMatchObject({
    status: 503,
    answer: { title: 'No database', detail: expect.stringContaining('.dev.vars') },
  })
  expect(await ask('/status')).toMatchObject({ status: 200, answer: { notices: [{ kind: 'database' }] } })

  // An empty database: it migrates itself, and writes what has waited.
  await restart(`API_TOKENS='${API_TOKENS}'\nDATABASE_URL=${databaseUrl}\n`)
  await vi.waitFor(async () => expect((await readServer(databaseUrl)).rows.get(KEY)?.count).toBe(1), WAIT)
  await vi.waitFor(
    async () =>
      expect(await ask(`/counters/${KEY}`)).toMatchObject({
        status: 200,
        answer: { total: { sum: 1 }, pending: 0 },
      }),
    WAIT,
  )
  expect(await ask('/status')).toMatchObject({ answer: { notices: [] } })
})
