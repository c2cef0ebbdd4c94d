-- Views for people and tools, beside windlass.job, job_step, job_progress, job_log and batches. Their names and columns are a
-- contract: docs/sql.md. Where a table has a view's name already the view is called by the plural.

-- What attempts left behind is read by these: jobs that never failed are in neither.
create index pending_tried on windlass.pending (id) where history is not null;
create index finished_tried on windlass.finished (windlass.moment(finished_at)) where history is not null;

-- The attempts of jobs: those in their histories, that which completed a job, and that which runs. A job is
-- open until it has ended: no attempt of it ended later.
create view windlass.attempt as
select p.id as job, p.kind, p.queue, (h.value->>'attempt')::integer as number, h.value->>'outcome' as outcome,
       windlass.moment((h.value->>'started_at')::bigint) as started_at,
       windlass.moment((h.value->>'ended_at')::bigint) as ended_at, h.value->>'worker' as worker, h.value->>'error' as error,
       'infinity'::timestamptz as job_open_until
from windlass.pending p, json_array_elements(p.history::json) as h
where p.history is not null
union all
select r.id, r.kind, r.queue, (h.value->>'attempt')::integer, h.value->>'outcome',
       windlass.moment((h.value->>'started_at')::bigint), windlass.moment((h.value->>'ended_at')::bigint),
       h.value->>'worker', h.value->>'error', 'infinity'
from windlass.running_job r, json_array_elements(r.history::json) as h
where r.history is not null
union all
select f.id, f.kind, f.queue, (h.value->>'attempt')::integer, h.value->>'outcome',
       windlass.moment((h.value->>'started_at')::bigint), windlass.moment((h.value->>'ended_at')::bigint),
       h.value->>'worker', h.value->>'error', windlass.moment(f.finished_at)
from windlass.finished f, json_array_elements(f.history::json) as h
where f.history is not null
union all
select id, kind, queue, attempt, 'ok', windlass.moment(started_at), windlass.moment(finished_at), worker, null,
       windlass.moment(finished_at)
from windlass.finished where state = 5
union all
select id, kind, queue, attempt, null, windlass.moment(claimed_at), null, label, null, 'infinity'
from windlass.running_job;

-- The events of the log.
create view windlass.events as
select position, id, type, source, given, subject, windlass.moment(at) as at, windlass.moment(recorded_at) as recorded_at,
       data, root, parent
from windlass.event;

-- Queues that have or had jobs, or are paused: numbers by state, and since when the oldest of the available jobs is due.
create view windlass.queue_stats as
with number as (
  -- Both that wait are 0.
  select queue, greatest(state, 0::int2) as state, count(*) as jobs, min(run_at) filter (where state = 2) as oldest
  from windlass.pending group by 1, 2
  union all
  select queue, 4::int2, count(*), null from windlass.running_job group by queue
  union all
  select queue, state, sum(jobs)::bigint, null from windlass.job_count where state < 8 group by queue, state
  union all
  select name, null, 0, null from windlass.queue
)
select n.queue,
       coalesce(sum(jobs) filter (where state = 0), 0)::bigint as waiting,
       coalesce(sum(jobs) filter (where state = 1), 0)::bigint as scheduled,
       coalesce(sum(jobs) filter (where state = 2), 0)::bigint as available,
       coalesce(sum(jobs) filter (where state = 3), 0)::bigint as retryable,
       coalesce(sum(jobs) filter (where state = 4), 0)::bigint as running,
       coalesce(sum(jobs) filter (where state = 5), 0)::bigint as completed,
       coalesce(sum(jobs) filter (where state = 6), 0)::bigint as cancelled,
       coalesce(sum(jobs) filter (where state = 7), 0)::bigint as dead,
       windlass.moment(min(oldest)) as oldest_due_at,
       windlass.moment(min(p.paused_at)) as paused_at, windlass.moment(min(p.paused_until)) as paused_until,
       min(p.note) as note
from number n
left join windlass.queue p
  on p.name = n.queue and p.paused_at is not null and coalesce(p.paused_until > windlass.now_us(), true)
group by n.queue;

-- Workers that are registered, and how many jobs each runs.
create view windlass.workers as
select id, label, host, pid, build, queues, slots,
       coalesce((select sum(l.unsettled) from windlass.lease l where l.worker = w.id), 0)::bigint as running,
       windlass.moment(started_at) as started_at, windlass.moment(seen_at) as seen_at,
       windlass.moment(expires_at) as expires_at, windlass.moment(claimed_at) as claimed_at,
       quiet, stopping, remote
from windlass.worker w;

