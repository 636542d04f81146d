import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findPort } from '../../src/local/dev/port.ts'
import { type Dev, makeState, startDev } from '../support/dev.ts'
import { killHard } from '../support/processes.ts'
import { makeProject, type Project } from './client-project.ts'
import { readEmbedded, untilSettled } from './stored.ts'

const KILLS = 2

let project: Project
beforeAll(async () => {
  project = await makeProject()
})
afterAll(() => project?.remove())

/** A program's output so far, and how it ended. */
function watch(child: ChildProcess) {
  let text = ''
  const add = (chunk: Buffer) => {
    text += chunk
  }
  child.stdout?.on('data', add)
  child.stderr?.on('data', add)
  const ended = once(child, 'close').then(([code]) => ({ code, output: text }))
  const settled = () => Number([...text.matchAll(/^settled (\d+)$/gm)].at(-1)?.[1] ?? 0)
  return {
    ended,
    /** Tells it to end in its own way. */
    end() {
      child.kill('SIGTERM')
      return ended
    },
    /** Resolves when it has settled so many more increments than when it was called. */
    async settles(more: number) {
      const goal = settled() + more
      await vi.waitFor(() => expect(settled()).toBeGreaterThanOrEqual(goal), {
        timeout: 60_000,
        interval: 10,
      })
    },
  }
}

describe('the packed client, installed into another project', () => {
  test('brings nothing else with it', async () => {
    expect(await project.installed()).toEqual(['sumdial'])
  })

  test.each([
    ['Node', 'typed.ts', { module: 'nodenext', lib: ['es2022'], types: ['node'] }],
    ['Node without its types', 'typed.ts', { module: 'nodenext', lib: ['es2022'], types: [] }],
    ['a bundler', 'typed.ts', { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022'], types: [] }],
    [
      'a page',
      'page.ts',
      {
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['es2022', 'dom'],
        types: [],
        exactOptionalPropertyTypes: true,
      },
    ],
    [
      'a Worker',
      'worker.ts',
      {
        module: 'esnext',
        moduleResolution: 'bundler',
        lib: ['es2024'],
        types: ['@cloudflare/workers-types'],
        skipLibCheck: true,
      },
    ],
  ])('type-checks in %s', async (_, main, options) => {
    expect(await project.check(main, options)).toBe('')
  })

  test('type-checks under the older moduleResolution node10, by each of its names', async () => {
    const options = { module: 'commonjs', moduleResolution: 'node10', lib: ['es2022'], types: [] }
    expect(await project.check('typed.ts', options, 'oazapfts')).toBe('')
    expect(await project.check('root.ts', options, 'oazapfts')).toBe('')
  })

  test('lets a process end that has not closed it, and one that has once its deadline has passed', async () => {
    const url = `http://127.0.0.1:${await findPort(0)}`
    const [forgets, givesUp] = ['forget.js', 'give-up.js'].map(
      (main) => watch(project.start(main, url)).ended,
    )
    expect(await forgets).toEqual({ code: 0, output: 'held 1\n' })
    expect(await givesUp).toEqual({ code: 0, output: 'closed\nheld 0\n' })
  })

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
