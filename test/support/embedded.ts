import { randomUUID } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

const ROOT = join(import.meta.dirname, '../..')
const PACKAGE = join(ROOT, 'node_modules/@electric-sql/pglite/package.json')

/**
 * Puts an embedded Postgres into a state folder that has none, as the first start of `npm run dev` creates it. Creating
 * one takes some 8 s of processor time, and a copy almost none, so an empty one is kept in build/.
 */
export async function copyEmbedded(state: string): Promise<void> {
  const folder = join(state, 'postgres')
  if (!existsSync(folder)) cpSync(await emptyEmbedded(), folder, { recursive: true })
}

async function emptyEmbedded(): Promise<string> {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8'))
  const kept = join(ROOT, `build/embedded-postgres-${version}`)
  if (existsSync(kept)) return kept
  mkdirSync(join(ROOT, 'build'), { recursive: true })
  const unfinished = `${kept}.${randomUUID()}`
  const db = await PGlite.create(unfinished)
  await db.close()
  try {
    renameSync(unfinished, kept)
  } catch (error) {
    // Another worker has been quicker.
    if (!existsSync(kept)) throw error
    rmSync(unfinished, { recursive: true })
  }
  return kept
}
