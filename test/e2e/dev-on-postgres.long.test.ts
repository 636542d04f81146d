import { expect, onTestFinished, test, vi } from 'vitest'
import { makeState, startDev } from '../support/dev.ts'
import { startPostgres } from '../support/postgres.ts'
import { paste } from './paste.ts'
import { readServer } from './stored.ts'

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
