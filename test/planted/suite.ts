import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { onExit } from '../support/on-exit.ts'

/** A planted mistake may make a test wait for what never comes. */
const TEST_MS_MAX = 20_000

/** The outcome of a part of the suite. */
export type Verdict = {
  readonly passed: number
  /** Titles of the tests that failed. */
  readonly failed: readonly string[]
  /** Files that could not be run at all, or why nothing was run: a plant that does not even load proves nothing. */
  readonly broken: readonly string[]
}

/** The fields of vitest's JSON report that are read. */
type Report = {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Runs test files of a project in a tree, or those of their tests that `titles` matches, in a process of its own. */
export async function runSuite(
  dir: string,
  { project, files, titles }: { project: string; files: readonly string[]; titles?: string | undefined },
): Promise<Verdict> {
  const file = join(dir, 'report.json')
  const command = [join(dir, 'node_modules/vitest/vitest.mjs'), 'run', `--project=${project}`, ...files]
  const chosen = titles === undefined ? [] : ['-t', titles]
  const options = [...chosen, '--reporter=json', `--outputFile=${file}`, `--testTimeout=${TEST_MS_MAX}`]
  const child = spawn(process.execPath, [...command, ...options], {
    cwd: dir,
    env: { ...process.env, SUMDIAL_THOROUGH: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const forget = onExit(() => child.kill())
  const errors: Buffer[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  await once(child, 'close')
  forget()
  try {
    return verdictOf(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    const said = Buffer.concat(errors).toString().trim().slice(-500)
    return { passed: 0, failed: [], broken: [`vitest wrote no report (${error}): ${said}`] }
  } finally {
    rmSync(file, { force: true })
  }
}

function verdictOf({ testResults }: Report): Verdict {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const failed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  const passed = tests.filter(({ status }) => status === 'passed').length
  const broken = testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name, message }) => `${name}: ${message.slice(0, 300)}`)
  if (passed + failed.length === 0 && broken.length === 0)
    return { passed, failed, broken: ['no test was run'] }
  return { passed, failed, broken }
}
