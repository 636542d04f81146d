import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const BUILT = join(import.meta.dirname, '../../build')

/** Whose files and processes they are; null for this user's own. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Makes the empty folder `dir` hold `data`, a new PostgreSQL's. initdb takes 1.3 s of processor time and a copy 0.2 s, so one is
 * kept in build/, of each initdb and owner.
 */
export async function newCluster(initdb: string, owner: Owner | null, dir: string): Promise<void> {
  const data = join(dir, 'data')
  const kept = join(BUILT, `postgres-${keyOf(initdb, owner)}`)
  if (existsSync(kept)) return copy(kept, data)
  // PGlite's own locale and encoding, so that both order and compare alike.
  const init = ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await run(initdb, init, { ...owner, cwd: dir })
  await keep(data, kept)
}

function keyOf(initdb: string, owner: Owner | null): string {
  const { size, mtimeMs } = statSync(initdb)
  const uid = owner?.uid ?? process.getuid?.()
  return createHash('sha256').update(`${initdb} ${size} ${mtimeMs} ${uid}`).digest('hex').slice(0, 12)
}

async function keep(data: string, kept: string): Promise<void> {
  mkdirSync(BUILT, { recursive: true })
  const unfinished = `${kept}.${randomUUID()}`
  await copy(data, unfinished)
  try {
    renameSync(unfinished, kept)
  } catch (error) {
    // Another worker has been quicker.
    if (!existsSync(kept)) throw error
    rmSync(unfinished, { recursive: true })
  }
}

/** Owners and modes too, because PostgreSQL refuses data that others could read. */
async function copy(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to])
}
