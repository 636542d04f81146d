import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dev, makeState, startDev } from '../support/dev.ts'
import { killHard } from '../support/processes.ts'
import { makeProject, type Project, watch } from './client-project.ts'
import { readEmbedded, untilSettled } from './stored.ts'

const KILLS = 2

let project: Project
beforeAll(async () => {
  project = await makeProject()
})
afterAll(() => project?.remove())

describe('the packed client, installed into another project', () => {
  test('[I3] counts all that was handed in once, though workerd is killed -9 twice', async () => {
    const state = makeState()
    const dev = await startDev({ state, vars: { FLUSH_INTERVAL_SECONDS: '1' } })
    const program = watch(project.start('count.js', dev.url))
    for (let kill = 0; kill < KILLS; kill++) {
      // Each comes while the client gets through; then wrangler starts another.
      await program.settles(300)
      await killRuntime(dev)
    }
    await program.settles(300)
    const { code, output } = await program.end()
    expect(code, output).toBe(0)
    const { handedIn, ...others } = JSON.parse(output.trim().split('\n').at(-1) ?? '')
    expect(others).toEqual({ gaveUp: [], held: 0 })
    const rows = sumsOf(handedIn)
    const { count, sum } = rows.get('client/0') ?? { count: 0, sum: 0 }
    const read = await watch(project.start('read.js', dev.url, String(sum))).ended
    expect(read.output).toBe(`bigint true ${count}\n`)
    await untilSettled(dev.url)
    expect(await dev.stop()).toMatchObject({ code: 0 })
    const stored = await readEmbedded(state)
    expect(Object.fromEntries(stored.rows)).toEqual(Object.fromEntries(rows))
    expect(stored.ledgerIncrements).toBe(handedIn)
    console.log(`client: ${handedIn} handed in, ${stored.ledgerIncrements} stored`)
  })
})

async function killRuntime(dev: Dev): Promise<void> {
  const runtimes = (await dev.processes.list()).filter(
    ({ command }) => command.includes('workerd serve') && !command.includes(`entry=127.0.0.1:${dev.port} `),
  )
  expect(runtimes).toHaveLength(1)
  runtimes.forEach(killHard)
}

/** The sum of so many of client-project/count.js's increments. */
function sumsOf(handedIn: number): Map<string, { count: number; sum: number }> {
  const rows = new Map<string, { count: number; sum: number }>()
  for (let i = 0; i < handedIn; i++) {
    const { count, sum } = rows.get(`client/${i % 50}`) ?? { count: 0, sum: 0 }
    rows.set(`client/${i % 50}`, { count: count + 1, sum: sum + 1 + (i % 3) })
  }
  return rows
}
