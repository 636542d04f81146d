import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { makeState, runDev, startDev } from '../support/dev.ts'
import { startPostgres } from '../support/postgres.ts'
import { readServer } from './stored.ts'

const run = promisify(execFile)

/** Runs a printed command as a person would who pastes it. */
async function paste(command = '', env: Record<string, string> = {}): Promise<unknown> {
  return JSON.parse((await run('sh', ['-c', command], { env: { ...process.env, ...env } })).stdout)
}

describe('npm run dev', () => {
  test('[F5] its printed commands count, read back, and find the row in Postgres within 10 s', async () => {
    const state = makeState()
    const first = await startDev({ state })
    expect(first.log().match(/ready/g)).toHaveLength(1)
    const [count, read, sql] = first.commands
    expect(await paste(count)).toEqual({ accepted: 1, duplicates: 0, conflicts: [] })
    expect(await paste(read)).toMatchObject({ total: { sum: 1, count: 1 } })
    const row = { key: 'site/example.com/pricing', sum: '1', count: '1' }
    await vi.waitFor(async () => expect(await paste(sql)).toMatchObject({ rows: [row] }), { timeout: 10_000 })
    expect(await paste(read)).toMatchObject({ total: { sum: 1, count: 1 }, pending: 0 })
    // Stopped before it is flushed: it is in Postgres after the next start.
    expect(await paste(count)).toMatchObject({ accepted: 1 })
    expect(await first.stop('SIGINT')).toMatchObject({ code: 0 })
    await first.processes.untilGone(1_000)
    expect(first.log()).toMatch(/Press Ctrl-C to stop everything.\n$/)

    const second = await startDev({ state, port: first.port })
    expect(await paste(read)).toMatchObject({ total: { sum: 2, count: 2 } })
    expect(await paste(count)).toMatchObject({ accepted: 1 })
    expect(await paste(read)).toMatchObject({ total: { sum: 3, count: 3 } })
    const thrice = { ...row, sum: '3', count: '3' }
    await vi.waitFor(async () => expect(await paste(second.commands[2])).toMatchObject({ rows: [thrice] }), {
      timeout: 10_000,
    })
    expect(await second.stop('SIGTERM')).toMatchObject({ code: 0 })
  })

  test("with DATABASE_URL it counts into that Postgres, hides the password, and shows the Worker's log", async () => {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    const databaseUrl = (await server.createDatabase()).replace(':postgres@', ':hunter2@')
    const dev = await startDev({ state: makeState(), databaseUrl })
    expect(await paste(dev.commands[0])).toMatchObject({ accepted: 1 })
    await vi.waitFor(
      async () =>
        expect([...(await readServer(databaseUrl)).rows.keys()]).toEqual(['site/example.com/pricing']),
      { timeout: 10_000 },
    )
    const commands = (await dev.processes.list()).map(({ command }) => command)
    expect(commands.join('\n')).toContain('cli.js dev')
    expect(commands.join('\n') + dev.log()).not.toContain('hunter2')

    await server.kill()
    expect((await fetch(`${dev.url}/counters/site`)).status).toBe(503)
    await vi.waitFor(() => expect(dev.log()).toContain("message: 'unavailable'"))
    expect(dev.log()).not.toMatch(/GET \/counters|wrangler:info/)
  })

  test('[S1] with API_TOKENS it is open to a token and to nobody else, and its printed commands take one', async () => {
    const TOKEN = 'sd_of-this-test'
    const sha256 = createHash('sha256').update(TOKEN).digest('hex')
    const API_TOKENS = JSON.stringify([{ name: 'dev', sha256, scopes: ['write', 'read'] }])
    const dev = await startDev({ state: makeState(), host: '0.0.0.0', vars: { API_TOKENS } })
    const [count, read] = dev.commands
    expect(await paste(count, { TOKEN })).toMatchObject({ accepted: 1 })
    expect(await paste(read, { TOKEN })).toMatchObject({ total: { sum: 1, count: 1 } })
    expect(await paste(read)).toMatchObject({ status: 401 })
    // Another address of this machine, and any name: with tokens it may be reached from elsewhere.
    expect((await fetch(`http://127.0.0.2:${dev.port}/status`)).status).toBe(401)
    expect(dev.log()).not.toContain(sha256)
  })

  test('[S1] without tokens it is open to the names of this machine alone, and does not start where others could reach it', async () => {
    const dev = await startDev({ state: makeState() })
    const asked = async (host: string) => {
      const options = { host: '127.0.0.1', port: dev.port, path: '/counters?key=a', headers: { host } }
      const [answer] = await once(get(options), 'response')
      answer.resume()
      return answer.statusCode
    }
    expect(await asked('localhost')).toBe(200)
    expect(await asked(`127.0.0.1:${dev.port}`)).toBe(200)
    expect(await asked(`rebound.example:${dev.port}`)).toBe(403)
    await dev.stop()
    const { code, log } = await runDev(['--port', '0', '--host', '0.0.0.0', '--state', makeState()])
    expect({ code, log }).toEqual({
      code: 1,
      log: expect.stringContaining(
        'With --host it takes tokens, because others can reach it. `npm run token` makes one',
      ),
    })
  })

  test('a second one on the same state is refused, and the first goes on', async () => {
    const state = makeState()
    const dev = await startDev({ state, vars: { FLUSH_INTERVAL_SECONDS: '1' } })
    const { code, log } = await runDev(['--port', '0', '--state', state])
    expect({ code, log }).toEqual({
      code: 1,
      log: expect.stringContaining(`Another npm run dev (process ${dev.pid}) is using`),
    })
    expect((await fetch(`${dev.url}/status`)).status).toBe(200)
  })

  test('a port in use is refused before anything starts', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await vi.waitFor(() => expect(server.listening).toBe(true))
    const port = String((server.address() as { port: number }).port)
    const { code, log } = await runDev(['--port', port, '--state', makeState()])
    expect(code).toBe(1)
    expect(log).toMatch(/^Port \d+ is in use\. .*--port 0\n$/)
  })

  test('a Postgres that is not there is named, without its password', async () => {
    const url = 'postgresql://me:hunter2@127.0.0.1:1/counts'
    const { code, log } = await runDev(['--port', '0', '--state', makeState()], url)
    expect(code).toBe(1)
    expect(log).toContain('Could not migrate postgresql://me@127.0.0.1:1/counts: connect ECONNREFUSED')
    expect(log).not.toMatch(/hunter2|\n {4}at /)
  })

  test('a wrong option is refused with exit code 2 and a sentence', async () => {
    const { code, log } = await runDev(['--prot', '1'])
    expect(code).toBe(2)
    expect(log).toMatch(
      /^There is no option `--prot`\..*\nRun `npm run dev -- --help` to see the options\.\n$/,
    )
  })

  test('--help names every option', async () => {
    const { code, log } = await runDev(['--help'])
    expect(code).toBe(0)
    for (const option of ['--port', '--host', '--state', '--var', '--help', 'DATABASE_URL'])
      expect(log).toContain(option)
  })
})
