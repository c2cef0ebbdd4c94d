-- Completes jobs whose leases hold; comes behind fence.sql.
--   $6 int8    how long completed jobs are kept, in microseconds
--   $7 int8[]  jobs, by column: the row of $14… that each has in common with others, from 1
--   $8 uuid[] id · $9 int8[] run_at · $10 int8[] created_at · $11 int8[] microseconds the handler ran
--   $12 text[] args · $13 text[] output
--   $14 uuid[]  what jobs have in common: lease · $15 int4[] attempt · $16 int4[] failures
--   $17 int2[] version · $18 int2[] priority · $19 int2[] losses · $20 int2[] max_attempts
--   $21 text[] queue · $22 text[] kind · $23 uuid[] root · $24 uuid[] parent · $25 text[] origin
--   $26 text[] meta · $27 text[] history · $28 int8[] how many jobs have it in common
--   $29 text   the worker's label
--   $30 bool   whether completed jobs are kept, or only counted
--   $31 bool   whether one of them stood in line
-- Returns the leases that held. State 5 is completed.
-- Unnesting a column costs more than writing it: what jobs have in common comes once.
alike as (
  select a.*
  from unnest($14::uuid[], $15::int4[], $16::int4[], $17::int2[], $18::int2[], $19::int2[], $20::int2[], $21::text[],
              $22::text[], $23::uuid[], $24::uuid[], $25::text[], $26::text[], $27::text[], $28::int8[])
       with ordinality
       as a(lease, attempt, failures, version, priority, losses, max_attempts, queue, kind, root, parent, origin, meta,
            history, jobs, nth)
  join fenced on fenced.id = a.lease
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, worker, output, root, parent, origin, meta, history)
  select id, run_at, created_at, now - ran, now, now + $6::int8, attempt, failures, 5, version, priority, losses,
         max_attempts, queue, kind, args, $29::text, output, root, parent, origin, meta, history
  from clock,
       unnest($7::int8[], $8::uuid[], $9::int8[], $10::int8[], $11::int8[], $12::text[], $13::text[])
       as t(alike, id, run_at, created_at, ran, args, output)
  join alike on alike.nth = t.alike
  where $30::bool
),
-- Only under a lease that holds: the job may run again elsewhere, with a request of its own. Which of them
-- have one is found first, so that nothing is asked for the others.
cleared as (
  delete from windlass.cancel_request
  where job = any ($8::uuid[])
    and (select count(*) from alike where nth = ($7::int8[])[array_position($8::uuid[], job)]) > 0
),
freed as (
  delete from windlass.permit where $31::bool and job = any ($8::uuid[]) and lease in (select id from fenced)
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, 5, case when $30::bool then ((clock.now + $6::int8) / 86400000000)::int4 end, sum(jobs)
  from alike, clock group by queue, clock.now
),
told as materialized (
  -- Nobody is asked for where no job waits for the end of another.
  select case when windlass.has_listeners()
    then windlass.tell_ends((select now from clock), array(
           select t.id from unnest($7::int8[], $8::uuid[]) as t(alike, id) join alike on alike.nth = t.alike), 5::int2)::text end as nothing
)
select id from fenced, told
