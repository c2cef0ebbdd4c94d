-- Views for people and tools, beside windlass_job, windlass_job_step, windlass_job_progress, windlass_job_log and
-- windlass_batches. Their names and columns are a contract: docs/sql.md. Where a table has a view's name already the view is
-- called by the plural. Times are microseconds since 1970, ids 16 bytes.

-- What attempts left behind is read by these: jobs that never failed are in neither.
create index windlass_pending_tried on windlass_pending (attempt) where history is not null;
create index windlass_finished_tried on windlass_finished (finished_at) where history is not null;

-- The attempts of jobs: those in their histories, that which completed a job, and that which runs, found by its lease. A job is
-- open until it has ended: no attempt of it ended later.
create view windlass_attempt as
with recursive place (nth) as (
  values (0) union all select nth + 1 from place where nth * 16 < (select max(length(jobs)) from windlass_lease)
)
select p.id as job, p.kind, p.queue, cast(h.value ->> '$.attempt' as integer) as number,
       cast(h.value ->> '$.outcome' as text) as outcome, cast(h.value ->> '$.started_at' as integer) as started_at,
       cast(h.value ->> '$.ended_at' as integer) as ended_at, cast(h.value ->> '$.worker' as text) as worker,
       cast(h.value ->> '$.error' as text) as error,
       9223372036854775807 as job_open_until
from windlass_pending p, json_each(p.history) as h
where p.history is not null
union all
select f.id, f.kind, f.queue, cast(h.value ->> '$.attempt' as integer), cast(h.value ->> '$.outcome' as text),
       cast(h.value ->> '$.started_at' as integer), cast(h.value ->> '$.ended_at' as integer),
       cast(h.value ->> '$.worker' as text), cast(h.value ->> '$.error' as text), f.finished_at
from windlass_finished f, json_each(f.history) as h
where f.history is not null
union all
select id, kind, queue, attempt, 'ok', started_at, finished_at, worker, null, finished_at
from windlass_finished where state = 5
union all
select p.id, p.kind, p.queue, p.attempt, null, l.claimed_at, null, l.label, null, 9223372036854775807
from windlass_lease l cross join place on nth * 16 < length(l.jobs)
     cross join windlass_pending p on p.id = substr(l.jobs, nth * 16 + 1, 16) and p.lease = l.id and p.state = 4;

-- The events of the log.
create view windlass_events as
select position, id, type, source, given, subject, at, recorded_at, data, root, parent from windlass_event;

-- Queues that have or had jobs, or are paused: numbers by state, and since when the oldest of the available jobs is due.
create view windlass_queue_stats as
with number as (
  -- Both that wait are 0.
  select queue, max(state, 0) as state, count(*) as jobs, min(case when state = 2 then run_at end) as oldest
  from windlass_pending group by 1, 2
  union all
  select queue, state, sum(jobs), null from windlass_job_count where state < 8 group by queue, state
  union all
  select name, null, 0, null from windlass_queue
)
select n.queue,
       cast(total(jobs) filter (where state = 0) as integer) as waiting,
       cast(total(jobs) filter (where state = 1) as integer) as scheduled,
       cast(total(jobs) filter (where state = 2) as integer) as available,
       cast(total(jobs) filter (where state = 3) as integer) as retryable,
       cast(total(jobs) filter (where state = 4) as integer) as running,
       cast(total(jobs) filter (where state = 5) as integer) as completed,
       cast(total(jobs) filter (where state = 6) as integer) as cancelled,
       cast(total(jobs) filter (where state = 7) as integer) as dead,
       cast(min(oldest) as integer) as oldest_due_at,
       cast(min(p.paused_at) as integer) as paused_at, cast(min(p.paused_until) as integer) as paused_until,
       cast(min(p.note) as text) as note
from number n
left join windlass_queue p
  on p.name = n.queue and p.paused_at is not null
     and coalesce(p.paused_until > cast((julianday('now') - 2440587.5) * 86400000 as integer) * 1000, true)
group by n.queue;

-- Workers that are registered, and how many jobs each runs.
create view windlass_workers as
select id, label, host, pid, build, queues, slots,
       cast(coalesce((select sum(l.unsettled) from windlass_lease l where l.worker = w.id), 0) as integer) as running,
       started_at, seen_at, expires_at, claimed_at, quiet, stopping, remote
from windlass_worker w;
