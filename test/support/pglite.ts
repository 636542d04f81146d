import { PGlite } from '@electric-sql/pglite'

let shared: Promise<PGlite> | undefined

/**
 * The one PGlite that the test files of a process share, as empty as a new one, which takes 4 to 9 s of processor time. Who
 * takes it has it until the next one does, and never closes it.
 */
export async function sharePglite(): Promise<PGlite> {
  shared ??= PGlite.create()
  const database = await shared
  await database.exec('drop schema if exists sumdial, public cascade; create schema public')
  await database.exec('discard all')
  return database
}
