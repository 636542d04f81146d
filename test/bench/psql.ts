import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import pg from 'pg'
import type { Statement } from '../../src/local/neon/backend.ts'

const run = promisify(execFile)

/** Whether the machine has a `psql`. */
export function hasPsql(): boolean {
  try {
    execFileSync('psql', ['--version'])
    return true
  } catch {
    return false
  }
}

/** Runs a statement so often in one `psql`, its parameters as literals. @returns its own timings, in ms. */
export async function timePsql(url: string, { text, params }: Statement, times: number): Promise<number[]> {
  const literal = text.replace(/\$(\d+)/g, (_, n) => pg.escapeLiteral(String(params[Number(n) - 1])))
  // By its standard input: the bounds of a year's buckets are too long for a command line.
  // No file of the user's, and no rows in between.
  const psql = run('psql', [url, '-X', '-o', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-f', '-'])
  psql.child.stdin?.end(`\\timing on\n${`${literal};\n`.repeat(times)}`)
  const { stdout } = await psql
  return Array.from(stdout.matchAll(/^Time: ([\d.]+) ms/gm), ([, ms]) => Number(ms))
}
