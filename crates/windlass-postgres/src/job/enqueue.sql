-- Writes jobs whose ids are new.
--   $1 int8    now; null is the database's clock
--   Jobs by column: $2 uuid[] id · $3 text[] queue · $4 text[] kind · $5 int2[] version
--   $6 int2[] priority · $7 int2[] max_attempts · $8 int8[] run_at, or null and
--   $9 int8[] delay in microseconds · $10 text[] args · $11 uuid[] root · $12 uuid[] parent
--   $13 text[] origin · $14 text[] meta
-- Idle workers of queues with a job that is due are notified. State 1 is scheduled, 2 available.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
job as (
  select t.*, coalesce(t.at, clock.now + t.delay) as due, clock.now
  from unnest($2::uuid[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::int2[], $8::int8[], $9::int8[],
              $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[])
       as t(id, queue, kind, version, priority, max_attempts, at, delay, args, root, parent, origin, meta), clock
),
written as (
  insert into windlass.pending
    (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args, root, parent, origin, meta,
     line)
  select id, due, now, case when due > now then 1 else 2 end, version, priority, max_attempts, queue, kind, args,
         root, parent, origin, meta, windlass.line_in(meta)
  from job
)
select count(pg_notify(s.channel, ''))
from (select channel from windlass.idle
      where queues && array(select distinct queue from job where due <= now)
      limit cardinality($2::uuid[])) as s
