import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, parseFlags } from '../../src/local/cli.ts'
import { migrate } from '../../src/local/migrate.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Recording, record } from './recording.ts'

const FILE = 'test/upgrade/release.json'

const HELP = `Records every statement of this release, so that later migrations are tried with them. Run it at each release.

  npm run record:release

It replaces ${FILE}. Commit that file.`

async function run(args: readonly string[]): Promise<undefined> {
  parseFlags(args, {})
  const root = join(import.meta.dirname, '../..')
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const server = await startPostgres()
  try {
    const migrations = await migrate(server.url)
    const recording: Recording = { version, migrations, ...(await record(server.url)) }
    writeFileSync(join(root, FILE), `${JSON.stringify(recording, null, 1)}\n`)
    console.log(`${FILE}: ${recording.statements.length} statements of ${version}, on ${migrations.at(-1)}`)
  } finally {
    await server.stop()
  }
}

process.exitCode = await main({ name: 'record:release', help: HELP, flags: {}, run }, process.argv.slice(2))
