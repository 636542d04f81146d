import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrate } from '../../src/local/migrate.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Recording, record } from './recording.ts'

/**
 * `npm run record:release`, at each release: from then on, migrations are tried with this release's statements.
 */
const { version }: { version: string } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'),
)
const server = await startPostgres()
try {
  const migrations = await migrate(server.url)
  const recording: Recording = { version, migrations, ...(await record(server.url)) }
  writeFileSync(join(import.meta.dirname, 'release.json'), `${JSON.stringify(recording, null, 1)}\n`)
  console.log(`release ${version}: ${recording.statements.length} statements on ${migrations.at(-1)}`)
} finally {
  await server.stop()
}
