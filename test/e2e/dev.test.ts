import { createServer } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { makeState, runDev } from '../support/dev.ts'
import { listenLocally } from '../support/listen.ts'

describe('npm run dev', () => {
  test('a port in use is refused before anything starts', async () => {
    const server = createServer()
    onTestFinished(() => void server.close())
    const port = String(await listenLocally(server))
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
