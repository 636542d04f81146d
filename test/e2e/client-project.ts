import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, vi } from 'vitest'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const FIXTURE = join(import.meta.dirname, 'client-project')

/** The project's own TypeScript, or TypeScript 5, which the generator of test/edge/openapi brings and which knows `node10`. */
export type Compiler = '' | 'oazapfts'

/** A project of somebody else's, with the packed client installed and nothing else. */
export interface Project {
  /** The packages that it has under node_modules. */
  installed(): Promise<string[]>
  /** Type-checks `main` with these compiler options. @returns what the compiler says, empty when all is well. */
  check(main: string, options: object, compiler?: Compiler): Promise<string>
  start(main: string, ...args: readonly string[]): ChildProcess
  remove(): Promise<void>
}

export async function makeProject(): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), 'sumdial-client-'))
  const npm = (...args: string[]) => run('npm', args, { cwd: dir })
  await cp(FIXTURE, dir, { recursive: true })
  await run('npm', ['pack', '--pack-destination', dir], { cwd: ROOT })
  const [tarball = ''] = (await readdir(dir)).filter((name) => name.endsWith('.tgz'))
  await npm('install', '--offline', '--ignore-scripts', `./${tarball}`)
  return {
    installed: async () => (await readdir(join(dir, 'node_modules'))).filter((name) => !name.startsWith('.')),
    async check(main, options, compiler = '') {
      const strict = { strict: true, noEmit: true, skipLibCheck: false, target: 'es2022', ...options }
      const config = join(dir, `tsconfig.${main}.json`)
      const compilerOptions = {
        typeRoots: [join(ROOT, 'node_modules/@types'), join(ROOT, 'node_modules')],
        ...strict,
      }
      await writeFile(config, JSON.stringify({ compilerOptions, files: [main] }))
      const tsc = join(
        ROOT,
        compiler === '' ? '' : `node_modules/${compiler}`,
        'node_modules/typescript/bin/tsc',
      )
      return run(process.execPath, [tsc, '-p', config]).then(
        ({ stdout }) => stdout,
        (error: { stdout: string }) => error.stdout,
      )
    },
    start: (main, ...args) =>
      spawn(process.execPath, [main, ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] }),
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 5 }),
  }
}

/** A program's output so far, and how it ended. */
export function watch(child: ChildProcess) {
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
