-- One job with all that decides about it, in one snapshot.
--   $1 uuid    the job · $2 int8 now; null is the database's clock
--   $3 int8    so many of those before it are counted at most
-- Returns the columns of a job record, then now, the worker that holds it, the reason of a cancel request, since when its queue
-- is paused, with the note, who leads until when, how many are before it, who holds its key, who has locked its row, and the
-- workers as JSON, until when the queue is paused, and since and until when its kind is, with the note. State 2 is available.
with clock as (select coalesce($2::int8, windlass.now_us()) as now),
job as materialized (
  select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         args, root, parent, origin, meta, history, reason, null::int8 as started_at, null::int8 as finished_at,
         null::text as worker, null::text as output, false as cancel_requested, null::uuid as held_by, ctid as place
  from windlass.pending where id = $1::uuid
  union all
  select j.id, queue, kind, version, 4::int2, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         args, root, parent, origin, meta, history, null, claimed_at, null, label, null,
         exists (select from windlass.cancel_request c where c.job = j.id), j.worker, null
  from windlass.running_job j where j.id = $1::uuid
  union all
  select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         args, root, parent, origin, meta, history, reason, started_at, finished_at, worker, output, false, null, null
  from windlass.finished where id = $1::uuid
  limit 1
)
select job.id, job.queue, job.kind, job.version, job.state, job.priority, job.attempt, job.failures, job.losses,
       job.max_attempts, job.run_at, job.created_at, job.args, job.root, job.parent, job.origin, job.meta,
       job.history, job.reason, job.started_at, job.finished_at, job.worker, job.output, job.cancel_requested,
       clock.now, job.held_by,
       (select c.reason from windlass.cancel_request c where c.job = job.id and job.state = 4),
       q.paused_at, q.note, l.worker, l.expires_at,
       (select count(*) from (
          select from windlass.pending p
          where job.state = 2 and p.queue = job.queue and p.state = 2 and (p.priority, p.run_at) <= (job.priority, job.run_at)
            and ((p.priority, p.run_at) < (job.priority, job.run_at) or p.ctid < job.place)
          limit $3::int8) as line),
       (select k.job from windlass.unique_key k
        where k.kind = job.kind and k.key = job.meta::jsonb->'unique'->>'key'
          and case k.until when 2 then k.expires_at > clock.now
                else exists (select from windlass.pending p where p.id = k.job and (k.until = 1 or p.attempt = 0)
                               and (p.meta is null or coalesce(windlass.expiry(p.meta, p.created_at) > clock.now, true)))
                  or (k.until = 1 and k.job in (select r.id from windlass.running_job r)) end),
       -- A lock that was taken below an exception block has a number of its own, which no process is listed with; one that
       -- several transactions have together is not found.
       (select coalesce((
          select 'process ' || a.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '') || coalesce(', ' || a.state, '')
          from pg_locks t join pg_stat_activity a on a.pid = t.pid
          where t.locktype = 'transactionid' and t.transactionid = p.xmax and t.granted limit 1),
          case when txid_status(case when p.xmax::text::int8 between 3 and n.next % 4294967296 - 1
                                     then n.next / 4294967296 * 4294967296 + p.xmax::text::int8 end) = 'in progress'
            then 'one that is still open' end)
        from windlass.pending p, (select txid_snapshot_xmax(txid_current_snapshot()) as next) as n where p.id = $1::uuid),
       (select coalesce(json_agg(json_build_object(
          'id', w.id, 'label', w.label, 'host', w.host, 'pid', w.pid, 'build', w.build, 'queues', w.queues,
          'handlers', w.handlers, 'slots', w.slots, 'started_at', w.started_at, 'seen_at', w.seen_at,
          'expires_at', w.expires_at, 'quiet', w.quiet,
          'running', (select coalesce(sum(unsettled), 0) from windlass.lease h where h.worker = w.id)) order by w.id), '[]')::text
        from windlass.worker w),
       q.paused_until, k.paused_at, k.paused_until, k.note
from job cross join clock
left join windlass.queue q on q.name = job.queue and q.paused_at is not null and coalesce(q.paused_until > clock.now, true)
left join windlass.paused_kind k on k.kind = job.kind and coalesce(k.paused_until > clock.now, true)
left join windlass.leader l on l.duty = 'sweep'
