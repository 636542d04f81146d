import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** The scripts of package.json. */
export const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}

export type Ended = { readonly code: number; readonly out: string; readonly err: string }

/** The environment that the real npm gives a script for flags without `--` before them. */
export async function environmentOfNpm(flags: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const folder = mkdtempSync(join(tmpdir(), 'sumdial-npm-'))
  try {
    const show = 'node -p "JSON.stringify(process.env)"'
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { show } }))
    const { PATH, HOME } = process.env
    const { out } = await run('npm', ['run', '--silent', 'show', ...flags], folder, { PATH, HOME })
    return JSON.parse(out) as NodeJS.ProcessEnv
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Starts a script of package.json that begins with `node`, from its source. */
export function runScript(
  name: string,
  more: readonly string[],
  env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] },
): Promise<Ended> {
  const [, ...args] = (scripts[name] ?? '').split(' ')
  return run(process.execPath, [...args, ...more], ROOT, env)
}

function run(file: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, timeout: 60_000 }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
    })
  })
}

/** Starts such a script in npm's environment, where it could reach nothing if it did run. */
export function runWithFlagsTaken(
  name: string,
  more: readonly string[],
  taken: NodeJS.ProcessEnv,
): Promise<Ended> {
  const nowhere = { DATABASE_URL: 'nonsense', SUMDIAL_URL: 'http://127.0.0.1:9' }
  return runScript(name, more, { ...taken, npm_lifecycle_event: name, ...nowhere })
}
