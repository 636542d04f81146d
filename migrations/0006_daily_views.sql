-- quick
-- Replaced, not dropped, so that the rights which were granted on them stay.
CREATE OR REPLACE VIEW "sumdial"."daily" AS (select d.key, d.day, d.sum, d.count, d.min, d.max from sumdial.days d join sumdial.rollups r on r.day = d.day and r.state in ('good', 'gone')
union all select h.key, d.day, h.sum, h.count, h.min, h.max from (
  select each::date as day from generate_series(
    (select (min(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp,
    (select (max(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp, interval '1 day') as each
  where not exists (select from sumdial.rollups r where r.day = each::date and r.state in ('good', 'gone'))
) d cross join lateral (
  select key, sum(sum) as sum, sum(count)::bigint as count, min(min) as min, max(max) as max from sumdial.counters
  where hour >= d.day::timestamp at time zone 'UTC' and hour < (d.day + 1)::timestamp at time zone 'UTC' group by key
) h);--> statement-breakpoint
CREATE OR REPLACE VIEW "sumdial"."totals" AS (select key, sum, count, min, max, coalesce((
  select min(hour) from sumdial.counters c
  where c.key = t.key and c.hour >= t.first::timestamp at time zone 'UTC' and c.hour < (t.first + 1)::timestamp at time zone 'UTC'
    and not exists (select from sumdial.rollups r where r.day = t.first and r.state = 'gone')
), t.first::timestamp at time zone 'UTC') as first_hour, coalesce((
  select max(hour) from sumdial.counters c
  where c.key = t.key and c.hour >= t.last::timestamp at time zone 'UTC' and c.hour < (t.last + 1)::timestamp at time zone 'UTC'
    and not exists (select from sumdial.rollups r where r.day = t.last and r.state = 'gone')
), t.last::timestamp at time zone 'UTC') as last_hour from (
  select key, sum(sum) as sum, sum(count)::bigint as count, min(min) as min, max(max) as max, min(day) as first, max(day) as last
  from sumdial.daily group by key
) t);--> statement-breakpoint
CREATE VIEW "sumdial"."sliced_daily" AS (select d.key, d.day, d.labels, d.sum, d.count, d.min, d.max from sumdial.slice_days d join sumdial.rollups r on r.day = d.day and r.state in ('good', 'gone')
union all select h.key, d.day, h.labels, h.sum, h.count, h.min, h.max from (
  select each::date as day from generate_series(
    (select (min(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp,
    (select (max(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp, interval '1 day') as each
  where not exists (select from sumdial.rollups r where r.day = each::date and r.state in ('good', 'gone'))
) d cross join lateral (
  select key, labels, sum(sum) as sum, sum(count)::bigint as count, min(min) as min, max(max) as max from sumdial.slices
  where hour >= d.day::timestamp at time zone 'UTC' and hour < (d.day + 1)::timestamp at time zone 'UTC' group by key, labels
) h
union all select key, day, null, sum(sum), sum(count)::bigint, null, null from (
  select key, day, sum, count from sumdial.daily union all select key, day, -sum, -count from (select d.key, d.day, d.labels, d.sum, d.count, d.min, d.max from sumdial.slice_days d join sumdial.rollups r on r.day = d.day and r.state in ('good', 'gone')
union all select h.key, d.day, h.labels, h.sum, h.count, h.min, h.max from (
  select each::date as day from generate_series(
    (select (min(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp,
    (select (max(hour) at time zone 'UTC')::date from sumdial.counters)::timestamp, interval '1 day') as each
  where not exists (select from sumdial.rollups r where r.day = each::date and r.state in ('good', 'gone'))
) d cross join lateral (
  select key, labels, sum(sum) as sum, sum(count)::bigint as count, min(min) as min, max(max) as max from sumdial.slices
  where hour >= d.day::timestamp at time zone 'UTC' and hour < (d.day + 1)::timestamp at time zone 'UTC' group by key, labels
) h) l
) rest group by key, day having sum(count) <> 0);
