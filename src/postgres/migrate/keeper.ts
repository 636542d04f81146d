import { MIGRATE_AGAIN_MS, MIGRATE_MS_MAX } from '../../limits.ts'
import type { SchemaState } from '../../model/deployed/notice.ts'
import { openSession } from '../driver/open-session.ts'
import type { Postgres } from '../driver/session.ts'
import { classifyFailure } from '../failure.ts'
import { migrating } from '../statement.ts'
import type { BroughtUp, ExecuteSql } from './bring-up.ts'
import { bringUp } from './bring-up.ts'
import type { Migration } from './migration.ts'
import { adviceOf, describeTrouble } from './words.ts'

/** Brings the schema up as far as a Worker may. See DESIGN: only the alarm and the cron ask for it, never a request. */
export type SchemaKeeper = {
  /** Never rejects. After what only a person can mend it leaves Postgres alone for an hour, and answers as before. */
  readonly bringUp: () => Promise<SchemaState>
}

/** How a Worker's own migration ended, for its log. */
export type MigrationLine =
  | { readonly message: 'migrated'; readonly migrations: readonly string[] }
  | { readonly message: 'not migrated'; readonly reason: string }

export type KeeperServices = {
  readonly postgres: Postgres
  readonly migrations: readonly Migration[]
  readonly log: (line: MigrationLine) => void
}

export function createSchemaKeeper({ postgres, migrations, log }: KeeperServices): SchemaKeeper {
  const { clock } = postgres
  let notBeforeMs = 0
  let last: SchemaState | undefined

  function waitAfter(trouble: Exclude<BroughtUp, { kind: 'done' }>): SchemaState {
    const needsPerson = isLasting(trouble)
    if (needsPerson) notBeforeMs = clock.now() + MIGRATE_AGAIN_MS
    log({
      message: 'not migrated',
      reason: trouble.kind === 'refused' ? `SQLSTATE ${trouble.code}` : trouble.kind,
    })
    return { kind: 'not_yet', reason: describeTrouble(trouble), needsPerson }
  }

  async function attempt(): Promise<SchemaState> {
    const session = openSession(postgres)
    try {
      const execute: ExecuteSql = (statement) => session.execute(migrating(statement), MIGRATE_MS_MAX)
      const outcome = await bringUp(execute, migrations, 'worker', clock.sleep)
      if (outcome.kind !== 'done') return waitAfter(outcome)
      if (outcome.applied.length > 0) log({ message: 'migrated', migrations: outcome.applied })
      return { kind: 'newest', advice: adviceOf(outcome.found) }
    } catch (error) {
      const { reason } = classifyFailure(error)
      return { kind: 'not_yet', reason: `Postgres could not be migrated: ${reason}`, needsPerson: false }
    } finally {
      session.end()
    }
  }

  return {
    async bringUp() {
      if (last === undefined || clock.now() >= notBeforeMs) last = await attempt()
      return last
    },
  }
}

/** Classes of SQLSTATEs that pass by themselves: rollbacks, resources, locks, operators, the system. */
const PASSES = /^(40|53|55|57|58)/

function isLasting(trouble: Exclude<BroughtUp, { kind: 'done' }>): boolean {
  return !(trouble.kind === 'under_way' || (trouble.kind === 'refused' && PASSES.test(trouble.code)))
}
