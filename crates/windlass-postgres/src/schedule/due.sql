-- Schedules that are to be looked at: the first part of a statement whose second is schedules.sql.
--   $1 int8    now; null is the database's clock · $2 int8 at most so many
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
found as materialized (
  select s.*, (select now from clock) as place
  from windlass.schedule s
  where s.next_at <= (select now from clock) or s.queued_due_at is not null
  order by s.next_at limit $2::int8
),
