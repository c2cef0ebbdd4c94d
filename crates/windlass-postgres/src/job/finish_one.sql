-- Completes one running job in the caller's transaction.
--   $1 text lease · $2 text worker · $3 int2 the job's place in the lease, from 1
--   $4 text id · $5 int8 run_at · $6 int8 created_at · $7 int8 how long it is kept, microseconds
--   $8 int8 attempt · $9 int8 failures · $10 int2 version · $11 int2 priority · $12 int2 losses
--   $13 int2 max_attempts · $14 text queue · $15 text kind · $16 text args · $17 text label
--   $18 text output · $19 text root · $20 text parent · $21 text origin · $22 text meta
--   $23 text history · $24 int8 how long it ran, microseconds; null where that is not known
--   $25 int8 now; null is the database's clock
-- Returns 1, or 0 where the lease is lost: then nothing is written.
with clock as (select coalesce($25::int8, windlass.now_us()) as now),
-- The fence. The row stays locked until the transaction ends: a rescue and the settlements of the
-- lease's other jobs skip it until then.
marked as (
  update windlass.lease
  set settled = set_bit(settled, ($3::int2 - 1)::int4, 1), unsettled = unsettled - 1
  where id = $1::text::uuid and worker = $2::text::uuid and get_bit(settled, ($3::int2 - 1)::int4) = 0
  returning id
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, worker, output, root, parent, origin, meta, history)
  select $4::text::uuid, $5::int8, $6::int8, now - $24::int8, now, now + $7::int8, $8::int8::int4, $9::int8::int4, 5, $10::int2,
         $11::int2, $12::int2, $13::int2, $14::text, $15::text, $16::text, $17::text, $18::text, $19::text::uuid,
         $20::text::uuid, $21::text, $22::text, $23::text
  from marked, clock
  returning queue, prune_at
),
freed as (
  delete from windlass.permit
  where strpos($22::text, '"line"') > 0 and job = $4::text::uuid and lease in (select id from marked)
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs) select queue, 5, (prune_at / 86400000000)::int4, 1 from done
),
told as materialized (
  -- Nobody is asked for where no job waits for the end of another.
  select case when windlass.has_listeners()
    then windlass.tell_ends((select now from clock), array(select $4::text::uuid from done), 5::int2)::text end as nothing
)
select (select count(*) from done) from told
