import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { addHours, formatHourStart } from '../../../src/model/hour.ts'
import { rowsOfManyKeys } from '../../../src/postgres/rollups/many-keys.ts'
import { DAYS, FIRST_DAY } from './deeds.ts'

/**
 * Each change of a row of hours, kept for ever in the transaction that made it. Deletions are not: what was counted stays
 * counted.
 */
const TRUTH = [
  `create table truth (key text collate "C", labels jsonb, hour timestamptz, sum numeric, count bigint, min bigint, max bigint)`,
  `create function note_truth() returns trigger language plpgsql as $$
declare
  before_sum numeric := 0;
  before_count bigint := 0;
  its_labels jsonb := to_jsonb(new) -> 'labels';
begin
  if tg_op = 'UPDATE' then
    before_sum := old.sum;
    before_count := old.count;
  end if;
  insert into truth values (new.key, its_labels, new.hour, new.sum - before_sum, new.count - before_count, new.min, new.max);
  return new;
end $$`,
  `create trigger truth after insert or update on sumdial.counters for each row execute function note_truth()`,
  `create trigger truth after insert or update on sumdial.slices for each row execute function note_truth()`,
]

export async function keepTruth(ask: (sql: string) => Promise<unknown>): Promise<void> {
  for (const sql of TRUTH) await ask(sql)
}

const DAY_OF_HOUR = "(hour at time zone 'UTC')::date"
const CELL = 'sum(sum) as sum, sum(count) as count, min(min) as min, max(max) as max'

/**
 * In one snapshot: each key, and each slice, of a UTC day of which an answer is wrong. A reader takes days where they are good
 * or gone, and hours elsewhere. Where a day is good, its hours say the same.
 */
const WRONG = `
with counted as (
  select ${DAY_OF_HOUR} as day, key, labels, ${CELL} from truth group by 1, 2, 3
), hours as (
  select ${DAY_OF_HOUR} as day, key, null::jsonb as labels, ${CELL} from sumdial.counters group by 1, 2
  union all select ${DAY_OF_HOUR}, key, labels, ${CELL} from sumdial.slices group by 1, 2, 3
), made as (
  select day, key, null::jsonb as labels, sum, count, min, max from sumdial.days
  union all select day, key, labels, sum, count, min, max from sumdial.slice_days
), answered as (
  select made.* from made join sumdial.rollups using (day) where state in ('good', 'gone')
  union all
  select hours.* from hours left join sumdial.rollups using (day) where state is distinct from 'good' and state is distinct from 'gone'
  union all
  select hours.* from hours join sumdial.rollups using (day) where state = 'good'
)
select coalesce(c.day, a.day)::text as day, (select state from sumdial.rollups as r where r.day = coalesce(c.day, a.day)) as state,
  coalesce(c.key, a.key) as key, coalesce(c.labels, a.labels)::text as labels,
  concat_ws(' ', c.sum, c.count, c.min, c.max) as counted, concat_ws(' ', a.sum, a.count, a.min, a.max) as answered
from counted as c full join answered as a
  on a.day = c.day and a.key = c.key and coalesce(a.labels, 'null') = coalesce(c.labels, 'null')
where (a.sum, a.count, a.min, a.max) is distinct from (c.sum, c.count, c.min, c.max) limit 3`

const span = {
  reach: 'days',
  from: sql.raw(`'${formatHourStart(FIRST_DAY)}'::timestamptz`),
  to: sql.raw(`'${formatHourStart(addHours(FIRST_DAY, DAYS * 24))}'::timestamptz`),
  bounds: null,
} as const
const part = { columns: sql`key, sum, count`, where: sql`true` }

/** A statement without parameters. */
function inlined(statement: SQL): string {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement)
  return text.replace(/\$(\d+)/g, (_, n) => `'${params[Number(n) - 1]}'`)
}

/** Totals by the segments that reads are made of, beside what was counted, in one snapshot. */
const WRONG_TOTALS = inlined(sql`
with answered as (
  select 'counters' as of, key, sum(sum) as sum, sum(count) as count
  from ${rowsOfManyKeys(span, [{ table: 'counters', ...part }])} group by key
  union all select 'slices', key, sum(sum), sum(count) from ${rowsOfManyKeys(span, [{ table: 'slices', ...part }])} group by key
), counted as (
  select case when labels is null then 'counters' else 'slices' end as of, key, sum(sum) as sum, sum(count) as count
  from truth where hour >= ${span.from} and hour < ${span.to} group by 1, 2
)
select of, key, c.sum as counted, a.sum as answered from counted as c full join answered as a using (of, key)
where (a.sum, a.count) is distinct from (c.sum, c.count)`)

/** All that a reader could read wrongly at this moment. */
export async function wrongReads(ask: (sql: string) => Promise<readonly unknown[]>): Promise<unknown[]> {
  return [...(await ask(WRONG)), ...(await ask(WRONG_TOTALS))]
}
