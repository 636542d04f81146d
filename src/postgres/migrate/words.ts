import { POSTGRES_VERSION_MIN } from '../../limits.ts'
import { SCHEMA } from '../schema.ts'
import type { BroughtUp, DatabaseState } from './bring-up.ts'

type MigrationTrouble = Exclude<BroughtUp, { kind: 'done' }>

/** Why a Worker did not migrate, and what a person can do: for `/status`. It repeats nothing that Postgres said but its code. */
export function describeTrouble(trouble: MigrationTrouble): string {
  switch (trouble.kind) {
    case 'too_old':
      return tooOld(trouble.version)
    case 'different':
      return `${different(trouble)} Deploy the version of Sumdial that this database was migrated with, or a newer one.`
    case 'by_hand':
      return `These migrations may take long, so the Worker leaves them to you: ${trouble.names.join(', ')}. ${RUN}.`
    case 'under_way':
      return 'Another migration is under way, or somebody holds a table. The Worker tries again by itself.'
    case 'refused':
      return refused(trouble)
  }
}

export function tooOld(version: string): string {
  return `This is PostgreSQL ${version}, and Sumdial needs ${POSTGRES_VERSION_MIN} or newer. Use a newer server.`
}

/** The migrations are not what the database has applied. */
export function different({ name, fault }: Extract<MigrationTrouble, { kind: 'different' }>): string {
  return fault === 'edited'
    ? `Migration ${name} is not the one that this database has applied.`
    : `Migration ${name} has an earlier date than the migration before it.`
}

const RUN = 'Run `DATABASE_URL=... npm run migrate`'

function refused({ code, found }: Extract<MigrationTrouble, { kind: 'refused' }>): string {
  if (code === '42501') {
    const { user } = found
    return `The Worker's user ${user} may not migrate. ${RUN} as a user who may, or ${missingRight(found)}. The Worker tries again every hour.`
  }
  if (/^42P0[67]|^42701|^42710/.test(code)) {
    return `The schema ${SCHEMA} has tables that no migration of Sumdial has made. Rename or drop them, then run \`npm run migrate\`.`
  }
  return `The Worker could not migrate (SQLSTATE ${code}). ${RUN}: it shows what Postgres says.`
}

/** The smallest right that is missing. */
function missingRight({ user, database, hasSchema, hasTable }: DatabaseState): string {
  if (!hasSchema) return `run \`grant create on database ${identifier(database)} to ${identifier(user)}\``
  if (!hasTable) return `run \`grant usage, create on schema ${SCHEMA} to ${identifier(user)}\``
  return `make it the owner of the tables in schema ${SCHEMA}`
}

/** For a user whom Postgres refuses although the schema is as new as it must be. */
export function adviceOf({ user }: DatabaseState): string {
  const name = identifier(user)
  return (
    `Every migration is applied, so a table was dropped, or the Worker's user lacks a right: run \`grant usage on schema ${SCHEMA} ` +
    `to ${name}; grant select, insert, update, delete on all tables in schema ${SCHEMA} to ${name}\`.`
  )
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
