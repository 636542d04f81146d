import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { z } from 'zod'
import { must } from '../model/assert.ts'
import { type Migration, QUICK } from '../postgres/migrate/migration.ts'

/** The project's own migrations, which drizzle-kit writes. */
export const MIGRATIONS = join(import.meta.dirname, '../../migrations')

const journalSchema = z.object({ entries: z.array(z.object({ tag: z.string() })) })

/** Reads drizzle-kit's output: for `npm run migrate`, and for the Worker that is built. */
export function readMigrations(folder: string): Migration[] {
  const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'))
  const { entries } = journalSchema.parse(journal)
  return readMigrationFiles({ migrationsFolder: folder }).map(
    ({ sql: statements, hash, folderMillis }, i) => {
      const { tag } = must(entries[i], 'the entry of a migration')
      const isQuick = readFileSync(join(folder, `${tag}.sql`), 'utf8').startsWith(QUICK)
      return { name: tag, statements, hash, createdAt: folderMillis, isQuick }
    },
  )
}
