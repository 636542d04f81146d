import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { makeState, runDev, startDev } from '../support/dev.ts'
import { paste } from './paste.ts'

describe('npm run dev', () => {
  test('[F5] its printed commands count, read back, and find the row in Postgres within 10 s', async () => {
    const state = makeState()
    const first = await startDev({ state, isFirstEver: true })
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

  test('a port in use is refused before anything starts', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
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
