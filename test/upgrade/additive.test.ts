import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { notAdditive } from './additive.ts'

const FOLDER = join(import.meta.dirname, '../../migrations')
const MIGRATIONS = globSync('*.sql', { cwd: FOLDER }).sort()

test.for(MIGRATIONS)('migration %s leaves the Worker of the release before as it was', (name) => {
  expect(notAdditive(readFileSync(join(FOLDER, name), 'utf8'))).toEqual([])
})

describe('a migration', () => {
  test('there is, and the newest among them is looked at', () => {
    expect(MIGRATIONS.length).toBeGreaterThan(1)
  })

  test.for([
    'drop table sumdial.ledger',
    'drop view sumdial.days',
    'truncate sumdial.ledger',
    'delete from sumdial.ledger',
    'update sumdial.counters set key = lower(key)',
    'alter table sumdial.counters rename to counts',
    'alter table sumdial.counters rename column sum to total',
    'alter table "sumdial"."counters" drop column "updated_at"',
    'alter table sumdial.counters alter column count type int',
    'alter table sumdial.counters alter column updated_at drop default',
    'alter table sumdial.ledger alter column batch set not null',
    'alter table sumdial.ledger add column release text not null',
    'alter table sumdial.ledger add column release text unique',
    'alter table sumdial.ledger add column release int references sumdial.more (id)',
    'alter table sumdial.counters add constraint positive check (sum > 0)',
    'create unique index on sumdial.counters (hour)',
    'create table sumdial.more (); alter table sumdial.counters add constraint positive check (sum > 0)',
    'create trigger t before insert on sumdial.counters for each row execute function f()',
    'alter table sumdial.counters enable row level security',
    'do $$ begin drop table sumdial.ledger; end $$',
    "do $$ declare t regclass; begin for t in select oid from pg_class loop execute format('alter table %s drop column key', t); end loop; end $$",
    "do $$ declare t regclass; begin for t in select 1; drop table sumdial.ledger; select 2 loop execute format('alter table %s set (fillfactor = 60)', t); end loop; end $$",
    'create index i on sumdial.counters (sum); -- and\n drop /* not a comment */ index sumdial.counters_hour_key',
  ])('may not: %s', (sql) => {
    expect(notAdditive(sql)).toHaveLength(1)
  })

  test.for([
    'create table sumdial.more (id int not null);--> statement-breakpoint\nalter table sumdial.more add constraint pk primary key (id)',
    'create view sumdial.days as select key, sum(sum) from sumdial.counters group by key',
    "create index i on sumdial.counters (key) where key <> ';drop table'",
    'alter table sumdial.ledger add column release text',
    "alter table sumdial.ledger add column release text not null default ''",
    'create function f() returns int language sql as $f$ select 1; select 2 $f$',
    "comment on column sumdial.counters.sum is 'exact; at any size'",
    "do $$ declare t regclass; begin for t in select oid from pg_class loop execute format('alter table %s set (fillfactor = 60)', t); end loop; end $$",
  ])('may: %s', (sql) => {
    expect(notAdditive(sql)).toEqual([])
  })
})
