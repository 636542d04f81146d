import { MIGRATE_LOCK_MS_MAX } from '../../limits.ts'
import { SCHEMA } from '../schema.ts'
import type { Migration, Migrator } from './migration.ts'

/** The table in which drizzle's own migrator would keep what it has applied, so that either can follow the other. */
export const TABLE = 'migrations'

/** SQLSTATEs with which the script says that it has changed nothing: another has the lock, or had it before. */
export const UNDER_WAY = '55006'
export const OVERTAKEN = '40001'

/**
 * All of `missing` as one statement, which applies all of them or nothing.
 *
 * One statement is one transaction with every driver and behind every pooler: Neon's driver over HTTP has no transactions that
 * look before they go on, and a pooler may hand a second statement to another connection. The lock is held until the
 * transaction ends. A Worker does not wait for it, because eight isolates that wait would be eight connections.
 *
 * @param applied hashes of the migrations that the database must have applied, and no others: of two at a time, the second finds
 *   more, and changes nothing.
 */
export function migrationScript(
  applied: readonly string[],
  missing: readonly Migration[],
  by: Migrator,
): string {
  return `do ${quoted(`
declare
  known text[] := '{}';
  has_table boolean;
begin
  ${by === 'worker' ? TRY_LOCK : WAIT_FOR_LOCK}
  select count(*) > 0 into has_table from pg_catalog.pg_tables where schemaname = '${SCHEMA}' and tablename = '${TABLE}';
  if has_table then
    execute 'select array(select hash from ${SCHEMA}.${TABLE} order by created_at)' into known;
  end if;
  if known <> array[${applied.map(quoted).join(', ')}]::text[] then
    raise exception 'another migration was faster' using errcode = '${OVERTAKEN}';
  end if;
  if not exists (select from pg_catalog.pg_namespace where nspname = '${SCHEMA}') then
    create schema ${SCHEMA};
  end if;
  if not has_table then
    create table ${SCHEMA}.${TABLE} (id serial primary key, hash text not null, created_at bigint);
  end if;
${missing.map(applyOne).join('\n')}
end`)}`
}

const LOCK_NAME = `hashtextextended('${SCHEMA}.migrations', 0)`

const WAIT_FOR_LOCK = `perform pg_advisory_xact_lock(${LOCK_NAME});`

const TRY_LOCK = `perform set_config('lock_timeout', '${MIGRATE_LOCK_MS_MAX}', true);
  if not pg_try_advisory_xact_lock(${LOCK_NAME}) then
    raise exception 'another migration is under way' using errcode = '${UNDER_WAY}';
  end if;`

function applyOne({ statements, hash, createdAt }: Migration): string {
  return [
    ...statements.map((statement) => `  execute ${quoted(statement)};`),
    `  insert into ${SCHEMA}.${TABLE} (hash, created_at) values (${quoted(hash)}, ${createdAt});`,
  ].join('\n')
}

/** A text between dollars, under a name that is not in it. */
function quoted(text: string): string {
  let n = 0
  while (`${text}$`.includes(`$q${n}$`)) n++
  return `$q${n}$${text}$q${n}$`
}
