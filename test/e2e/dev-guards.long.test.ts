import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { describe, expect, test } from 'vitest'
import { makeState, runDev, startDev } from '../support/dev.ts'
import { paste } from './paste.ts'

describe('npm run dev', () => {
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
})
