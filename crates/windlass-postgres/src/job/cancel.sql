-- Cancels jobs: those that wait end at once, running ones are asked to.
--   $1 int8    now; null is the database's clock
--   $2 uuid[]  jobs
--   $3 text    why
--   $4 int8    how long cancelled jobs are kept, in microseconds
--   $5 text    how long it waits for other transactions
-- Returns id, and for running jobs the worker. State 6 is cancelled.
with clock as materialized (
  select coalesce($1::int8, windlass.now_us()) as now, set_config('lock_timeout', $5::text, true) as patience
),
removed as (
  delete from windlass.pending where id = any ($2::uuid[]) and (select patience from clock) is not null
  returning *
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, reason, root, parent, origin, meta, history)
  select id, run_at, created_at, null, now, now + $4::int8, attempt, failures, 6, version, priority, losses,
         max_attempts, queue, kind, args, $3::text, root, parent, origin, meta, history
  from removed, clock
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, 6, ((clock.now + $4::int8) / 86400000000)::int4, count(*) from removed, clock group by queue, clock.now
),
-- A settlement locks the row for update: this waits for one under way, and then sees the lease as it is;
-- one that comes later is refused until the request is committed. A transaction in which a handler
-- finishes its job only updates the row: nobody waits for that.
held as materialized (
  select worker, settled, jobs from windlass.lease
  where id = any (array(select lease from windlass.running_job where id = any ($2::uuid[])))
  order by id
  for key share
),
running as (
  select j.id, held.worker
  from held, unnest(held.jobs) with ordinality as j
  where j.id = any ($2::uuid[]) and get_bit(held.settled, (j.ordinality - 1)::int4) = 0
),
requested as (
  insert into windlass.cancel_request (job, worker, reason)
  select id, worker, $3::text from running order by id
  on conflict (job) do update set worker = excluded.worker, reason = excluded.reason
  returning job, worker
),
asked as (
  update windlass.worker set attention = true
  where id = any (array(
    select id from windlass.worker where id in (select worker from requested) order by id for no key update))
  returning id
),
-- The worker that runs one of them asks at once, and sees the flag, which commits with the notification.
notified as (
  select count(pg_notify('windlass_' || replace(id::text, '-', ''), 'news')) from asked
),
told as materialized (
  -- Asked in a later snapshot: who waits for one of them may have kept it until just now.
  select windlass.tell_ends((select now from clock), array(select id from removed), 6::int2)::text as nothing
)
select removed.id, null::uuid, null::int8 from removed, told
union all
select job, worker, notified.count from requested, notified
