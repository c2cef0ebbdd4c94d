-- Cancels jobs that have not started in time.
--   $1 int8    now; null is the database's clock
--   $2 int8    at most so many
--   $3 int8    how long cancelled jobs are kept, in microseconds
--   $4 int4    how many attempts a history keeps
--   $5 uuid[]  of these alone; null is all
-- Returns how many, and the microseconds to when the next job expires. State 6 is cancelled.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
over as (
  select ctid from windlass.pending where windlass.expiry(meta, created_at) <= (select now from clock)
    and ($5::uuid[] is null or id = any ($5::uuid[]))
  order by windlass.expiry(meta, created_at) limit $2::int8
  for update skip locked
),
removed as (
  delete from windlass.pending where ctid = any (array(select ctid from over)) returning *
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, reason, root, parent, origin, meta, history)
  select id, run_at, created_at, null, now, now + $3::int8, attempt, failures, 6, version, priority, losses,
         max_attempts, queue, kind, args,
         'expired at ' || to_char(windlass.moment(windlass.expiry(meta, created_at)) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         root, parent, origin, meta,
         (case when jsonb_array_length(past) >= $4::int4 then past - 0 else past end
          || jsonb_build_array(jsonb_build_object(
               'attempt', attempt + 1, 'outcome', 'expired', 'worker', '', 'ended_at', now)))::text
  from removed cross join clock cross join lateral (select coalesce(history::jsonb, '[]') as past) as p
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, 6, ((clock.now + $3::int8) / 86400000000)::int4, count(*) from removed, clock group by queue, clock.now
),
told as materialized (
  -- Asked in a later snapshot: who waits for one of them may have kept it until just now.
  select windlass.tell_ends((select now from clock), array(select id from removed), 6::int2)::text as nothing
)
select (select count(*) from removed),
       (select min(windlass.expiry(meta, created_at)) from windlass.pending where windlass.expiry(meta, created_at) > clock.now) - clock.now
from clock, told
