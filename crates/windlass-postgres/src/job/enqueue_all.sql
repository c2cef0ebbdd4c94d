-- Writes jobs whose ids are new, for a caller's own connection: like enqueue.sql, with binds that every
-- driver knows.
--   Jobs by column: $1 text[] id · $2 text[] queue · $3 text[] kind · $4 int2[] version
--   $5 int2[] priority · $6 int2[] max_attempts · $7 int8[] run_at, or null and
--   $8 int8[] delay in microseconds · $9 text[] args · $10 text[] root · $11 text[] parent
--   $12 text[] origin · $13 text[] meta · $14 int8 now; null is the database's clock
-- Returns the ids that were written: all. State 1 is scheduled, 2 available.
with clock as (select coalesce($14::int8, windlass.now_us()) as now),
job as (
  select t.*, coalesce(t.at, clock.now + t.delay) as due, clock.now
  from unnest($1::text[], $2::text[], $3::text[], $4::int2[], $5::int2[], $6::int2[], $7::int8[], $8::int8[],
              $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
       as t(id, queue, kind, version, priority, max_attempts, at, delay, args, root, parent, origin, meta), clock
),
notified as (
  select count(pg_notify(s.channel, ''))
  from (
    select distinct i.channel
    from windlass.idle i join job on job.queue = any (i.queues) and job.due <= job.now
    limit cardinality($1::text[])
  ) as s
),
written as (
  insert into windlass.pending
    (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args, root, parent, origin, meta,
     line)
  select id::uuid, due, now, case when due > now then 1 else 2 end, version, priority, max_attempts, queue, kind, args,
         root::uuid, parent::uuid, origin, meta, windlass.line_in(meta)
  from job
  returning id
)
select id::text from written where (select count from notified) is not null
