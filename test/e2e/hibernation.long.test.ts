import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test, vi } from 'vitest'
import { migrate } from '../../src/local/migrate.ts'
import { bundle } from '../support/bundled.ts'
import { startPooler } from '../support/pooler.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { serve } from '../support/served.ts'
import { startTappedProxy } from '../support/tapped-proxy.ts'
import { readServer } from './stored.ts'

/** workerd ends an object that holds nothing open after 10 s, looking every so often. */
const IDLE_MS = 90_000

/** Connections of a process to this port that are not closed, by Linux's own list. */
function connectionsTo(port: number, pid: number): number {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , remote = '', , , , , , , inode = '']) => remote.endsWith(`:${hexPort}`) && inodes.has(inode),
    ).length
}

let server: TestPostgres
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())

// At once, because nearly all of their time is the wait until a shard is idle for long.
test.concurrent.for(['TCP', 'a pooler'] as const)(
  '[F4] [F5] [P4] a flush over %s, of a shard in workerd, leaves no timer and no socket, and the shard hibernates',
  async (way, { expect, onTestFinished }) => {
    const databaseUrl = await server.createDatabase()
    await migrate(databaseUrl)
    const pooler = await startPooler(databaseUrl, 4)
    onTestFinished(() => pooler.close())
    const proxy = await startTappedProxy(way === 'TCP' ? server.port : pooler.port)
    onTestFinished(() => proxy.close())
    const served = await serve({
      script: await bundle('test/support/watched-worker.ts'),
      vars: {
        DATABASE_URL: databaseUrl.replace(`:${server.port}/`, `:${proxy.port}/`),
        DEV_ACCESS: 'open',
        FLUSH_INTERVAL_SECONDS: '1',
      },
    })
    onTestFinished(() => served.stop())
    const lives = () => served.log().match(/a shard begins/g)?.length ?? 0

    // Of one hour, and so of one shard, whenever the hour turns.
    const at = new Date().toISOString()
    const count = async () => {
      const body = JSON.stringify({ key: 'k', at })
      const headers = { 'content-type': 'application/json' }
      expect((await fetch(`${served.url}/increment`, { method: 'POST', headers, body })).status).toBe(202)
    }
    for (let i = 1; i <= 3; i++) {
      await count()
      await vi.waitFor(async () => expect((await readServer(databaseUrl)).rows.get('k')?.count).toBe(i), {
        timeout: 15_000,
      })
    }
    await vi.waitFor(() => expect(served.log()).toContain('timers left by an alarm: 0'), { timeout: 10_000 })
    expect(served.log()).not.toMatch(/timers left by an alarm: [^0]/)
    await expect.poll(() => proxy.open()).toBe(0)
    expect(connectionsTo(proxy.port, served.pid)).toBe(0)

    const before = lives()
    await sleep(IDLE_MS)
    await count()
    await vi.waitFor(() => expect(lives()).toBe(before + 1), { timeout: 5_000 })
    await vi.waitFor(async () => expect((await readServer(databaseUrl)).rows.get('k')?.count).toBe(4), {
      timeout: 15_000,
    })
  },
)
