import { describe, expect, onTestFinished, test } from 'vitest'
import { findPort } from '../../src/local/dev/port.ts'
import { type Dev, type DevOptions, makeState, startDev } from '../support/dev.ts'
import { startPostgres } from '../support/postgres.ts'
import { killHard } from '../support/processes.ts'
import { untilFlushCommits } from './flush-commit.ts'
import { resendUnknown, SentIncrements, startLoad } from './load.ts'
import { expectExact, readEmbedded, readServer, type Stored, untilSettled } from './stored.ts'

/** How often everything is killed, with each kind of Postgres. */
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 2)

/** Acknowledged before a kill: some seconds of load, and so several flushes, at one a second. */
const ACKNOWLEDGED_MIN = 400

const EVERY_SECOND = { FLUSH_INTERVAL_SECONDS: '1' }

/** Starts dev again and again on the same state and kills it under load; then lets it settle. */
async function survive(
  options: DevOptions,
  kill: (dev: Dev, round: number) => Promise<void>,
  sent = new SentIncrements(),
): Promise<SentIncrements> {
  let port = 0
  for (let round = 0; round < ROUNDS; round++) {
    const dev = await startDev({ ...options, port })
    port = dev.port
    const load = startLoad(dev.url, `kill/${round}`, sent)
    // Another number each time, so that kills fall before, into and after flushes.
    await load.untilAcknowledged(ACKNOWLEDGED_MIN + 137 * round)
    await kill(dev, round)
    await load.stop()
  }
  await settleAndStop({ ...options, port }, sent)
  return sent
}

async function settleAndStop(options: DevOptions, sent: SentIncrements): Promise<void> {
  const dev = await startDev(options)
  if (sent.withIds) await resendUnknown(dev.url, sent)
  await untilSettled(dev.url)
  expect(await dev.stop()).toMatchObject({ code: 0 })
}

function report(name: string, { acknowledged, unknown }: SentIncrements, { rows }: Stored): void {
  console.info(`${name}: ${acknowledged.size} acknowledged, ${unknown.size} unknown, ${rows.size} stored`)
}

describe('kill -9 of every process of dev, under load', () => {
  test('[I1] [F3] [P1] on the embedded Postgres: what was acknowledged is there once', async () => {
    const state = makeState()
    const sent = await survive({ state, vars: EVERY_SECOND }, (dev) => dev.processes.kill())
    const stored = await readEmbedded(state)
    report('embedded', sent, stored)
    expectExact(sent, stored)
  })

  test('[I1] [F3] [P1] on PostgreSQL, the moment that it commits a flush: no batch counts twice', async () => {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    const databaseUrl = await server.createDatabase()
    const options = { state: makeState(), vars: EVERY_SECOND, databaseUrl }
    const sent = await survive(options, async (dev) => {
      const parts = await dev.processes.list()
      await untilFlushCommits(databaseUrl)
      parts.forEach(killHard)
      await dev.processes.kill()
    })
    const stored = await readServer(databaseUrl)
    report('PostgreSQL', sent, stored)
    expectExact(sent, stored)
  })

  test('[I1] [F3] [P1] together with PostgreSQL itself: what was acknowledged is there once', async () => {
    const server = await startPostgres()
    onTestFinished(() => server.stop())
    const options = { state: makeState(), vars: EVERY_SECOND, databaseUrl: await server.createDatabase() }
    const sent = await survive(options, async (dev) => {
      await Promise.all([dev.processes.kill(), server.kill()])
      await server.start()
    })
    const stored = await readServer(options.databaseUrl)
    report('PostgreSQL killed too', sent, stored)
    expectExact(sent, stored)
  })
})

describe('retries under the same ids, after kill -9 of every process', () => {
  test('[I3] every increment is there exactly once, acknowledged before or not', async () => {
    const state = makeState()
    const sent = await survive(
      { state, vars: EVERY_SECOND },
      (dev) => dev.processes.kill(),
      new SentIncrements(true),
    )
    const stored = await readEmbedded(state)
    report('with ids', sent, stored)
    expect(sent.unknown.size).toBe(0)
    expect(stored.rows.size).toBe(sent.acknowledged.size)
    expectExact(sent, stored)
  })
})

describe('kill -9 of one part, under load', () => {
  const isRuntime = (dev: Dev, command: string) =>
    command.includes('workerd serve') && !command.includes(`entry=127.0.0.1:${dev.port} `)

  async function killPart(dev: Dev, isPart: (command: string) => boolean): Promise<void> {
    const parts = (await dev.processes.list()).filter(({ command }) => isPart(command))
    expect(parts).toHaveLength(1)
    parts.forEach(killHard)
  }

  test('[I1] [F3] the Worker, wrangler, dev: nothing is lost, and nothing keeps the port', async () => {
    const state = makeState()
    const options = { state, vars: EVERY_SECOND }
    const sent = new SentIncrements()

    const first = await startDev(options)
    const { port } = first
    const load = startLoad(first.url, 'part', sent)
    await load.untilAcknowledged(ACKNOWLEDGED_MIN)
    await killPart(first, (command) => isRuntime(first, command))
    // wrangler starts another, and counting goes on.
    await load.untilAcknowledged(ACKNOWLEDGED_MIN)
    await killPart(first, (command) => command.includes('cli.js dev'))
    expect(await first.ended).toMatchObject({ code: 1, log: expect.stringContaining('wrangler has ended') })
    await first.processes.untilGone(10_000)

    const second = await startDev({ ...options, port })
    await load.untilAcknowledged(ACKNOWLEDGED_MIN)
    await killPart(second, (command) => command.includes('commands/dev.js'))
    await second.processes.untilGone(10_000)
    expect(await findPort(port)).toBe(port)
    await load.stop()

    await settleAndStop({ ...options, port }, sent)
    const stored = await readEmbedded(state)
    report('parts', sent, stored)
    expectExact(sent, stored)
  })
})
