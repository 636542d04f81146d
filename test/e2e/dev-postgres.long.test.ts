import { expect, onTestFinished, test, vi } from 'vitest'
import { withClient } from '../../src/local/postgres.ts'
import { makeState, startDev } from '../support/dev.ts'
import { startLossyProxy } from '../support/lossy-proxy.ts'
import { startPostgres } from '../support/postgres.ts'
import { paste } from './paste.ts'
import { readServer } from './stored.ts'

const KEY = 'site/example.com/pricing'

/** Readers at a time: more than the endpoint has connections. */
const READERS = 12

/** From the end of the trouble to the next read: a statement's timeout, and what the machine needs besides. */
const RECOVERY_MS_MAX = 15_000

test("npm run dev with DATABASE_URL counts into that Postgres, hides the password, and shows the Worker's log", async () => {
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
  await expect.poll(() => dev.log()).toContain("message: 'unavailable'")
  expect(dev.log()).not.toMatch(/GET \/counters|wrangler:info/)
})

test('[P1] dev outlives the ends of its connections and the loss of their packets, and counts exactly', async () => {
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const direct = await server.createDatabase()
  const proxy = await startLossyProxy(server.port)
  onTestFinished(() => proxy.close())
  const databaseUrl = direct.replace(`:${server.port}`, `:${proxy.port}`)
  const dev = await startDev({ state: makeState(), databaseUrl, vars: { FLUSH_INTERVAL_SECONDS: '1' } })

  const read = async () => (await fetch(`${dev.url}/counters/${KEY}`)).status
  let accepted = 0
  const count = async () => {
    const answer = await fetch(`${dev.url}/increment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: KEY }),
    })
    if (answer.status === 202) accepted += 1
  }

  await count()
  await withClient(direct, async (client) => {
    const untilMs = Date.now() + 5_000
    while (Date.now() < untilMs) {
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'",
      )
      await Promise.all([count(), read()])
    }
  })

  proxy.lose()
  await Promise.all(Array.from({ length: READERS }, read))
  await count()
  proxy.heal()
  await vi.waitFor(async () => expect(await read()).toBe(200), { timeout: RECOVERY_MS_MAX, interval: 100 })
  await vi.waitFor(async () => expect((await readServer(direct)).rows.get(KEY)?.count).toBe(accepted), {
    timeout: 60_000,
    interval: 500,
  })
  expect(accepted).toBeGreaterThan(2)
})
