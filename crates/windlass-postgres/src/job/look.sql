-- One job with all that decides about it, in one snapshot.
--   $1 uuid    the job · $2 int8 now; null is the database's clock
--   $3 int8    so many of those before it are counted at most
--   $4 int4    so many other lines are · $5 int4 so many jobs are named that run under a limit
-- Returns the columns of a job record, then now, the worker that holds it, the reason of a cancel request, since when its queue
-- is paused, with the note, who leads until when, how many are before it, who holds its key, who has locked its row, and the
-- workers as JSON, until when the queue is paused, since and until when its kind is, with the note, and as JSON: the first of
-- its lane, with the number of those that wait before it; the limits that concern it; its place in another line than a lane; and the
-- minimum builds; then how many microseconds of waiting make the priorities of its queue's jobs smaller by one.
-- State 2 is available.
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
),
-- The limits that concern a job that waits. One of a key may be said by the job itself.
bound as materialized (
  select g.scope, g.name, g.key, g.gate, coalesce(r.running, g.own) as running, r.tokens, r.tokens_per, r.tokens_burst,
         r.broken_after, r.broken_within, r.broken_for, r.reserved, r.origin, r.note
  from job
  cross join lateral (select coalesce(job.meta::jsonb->'limited'->>'name', job.kind) as name,
                             job.meta::jsonb->'limited'->>'key' as key) as y
  cross join lateral (values
    (0, job.queue, null, 'q' || job.queue, null), (1, job.kind, null, 'k' || job.kind, null),
    (2, y.name, y.key, 'y' || y.name || chr(31) || y.key, (job.meta::jsonb->'limited'->>'running')::integer))
    as g(scope, name, key, gate, own)
  left join windlass.limit_rule r on r.scope = g.scope and r.name = g.name
  where job.state < 4 and g.gate is not null and (r.name is not null or g.own is not null)
),
stand as materialized (
  select job.*, 'l' || (job.meta::jsonb->'lane'->>'key') as lane, windlass.line_in(job.meta) as line,
         coalesce(windlass.line_in(job.meta),
                  case when exists (select from bound where scope < 2) then concat_ws(chr(31), 's', job.kind, '', '', '', '') end)
           as next_line
  from job
)
select job.id, job.queue, job.kind, job.version, job.state, job.priority, job.attempt, job.failures, job.losses,
       job.max_attempts, job.run_at, job.created_at, job.args, job.root, job.parent, job.origin, job.meta,
       job.history, job.reason, job.started_at, job.finished_at, job.worker, job.output, job.cancel_requested,
       clock.now, job.held_by,
       (select c.reason from windlass.cancel_request c where c.job = job.id and job.state = 4),
       q.paused_at, q.note, l.worker, l.expires_at,
       (select count(*) from (
          select from windlass.pending p
          where job.state = 2 and windlass.line_in(job.meta) is null
            and p.queue = job.queue and p.state = 2 and p.line is null
            and p.kind not in (select r.name from windlass.limit_rule r where r.scope = 1) and (p.priority, p.run_at) <= (job.priority, job.run_at)
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
          'expires_at', w.expires_at, 'quiet', w.quiet, 'stopping', w.stopping,
          'running', (select coalesce(sum(unsettled), 0) from windlass.lease h where h.worker = w.id)) order by w.id), '[]')::text
        from windlass.worker w),
       q.paused_until, k.paused_at, k.paused_until, k.note,
       (select json_build_object(
          'first', (
            select json_build_object('id', f.id, 'state', f.state, 'run_at', f.run_at, 'worker', f.label, 'reason', f.reason)
            from (
              select 1 as place, r.id, 4 as state, r.run_at, r.label, null::text as reason
              from windlass.permit m join windlass.running_job r on r.lease = m.lease and r.id = m.job where m.gate = s.lane
              union all
              select 2, d.id, d.state, d.run_at, null, d.reason
              from windlass.permit m join windlass.finished d on d.id = m.job and d.state = 7 where m.gate = s.lane and m.blocks
              union all
              (select 3, p.id, p.state, p.run_at, null, p.reason from windlass.pending p
               where p.line = s.lane and p.line >= 'l' and p.line < 'm' and not (abs(p.state) = 1 and p.attempt = 0)
               order by (abs(p.state) = 1 and p.attempt = 0), (p.attempt = 0), p.created_at, p.id limit 1)
            ) as f order by f.place limit 1),
          'waiting', (
            select count(*) from (
              select from windlass.pending p
              where s.state < 4 and p.line = s.lane and p.line >= 'l' and p.line < 'm' and not (abs(p.state) = 1 and p.attempt = 0)
                and ((p.attempt = 0), p.created_at, p.id) < (s.attempt = 0, s.created_at, s.id)
              limit $3::int8) as w))::text
        from stand s where s.lane is not null),
       (select coalesce(json_agg(json_build_object(
          'scope', b.scope, 'name', b.name, 'key', b.key, 'running', b.running, 'tokens', b.tokens, 'per', b.tokens_per,
          'burst', b.tokens_burst, 'failures', b.broken_after, 'within', b.broken_within, 'open_for', b.broken_for,
          'origin', b.origin, 'note', b.note, 'running_now', r.jobs, 'holders', r.some, 'reserved', b.reserved,
          'running_by_kind', (
            select json_object_agg(k.kind, (
              select count(*) from windlass.permit m
              where m.gate = 'r' || b.name || chr(31) || k.kind
                and exists (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0)))
            from jsonb_object_keys(b.reserved) as k(kind)),
          'tokens_now', case when b.tokens is not null then coalesce(
            (select least(b.tokens_burst, t.tokens + greatest(clock.now - t.at, 0)::float8 * b.tokens / b.tokens_per)
             from windlass.bucket t where t.gate = b.gate), b.tokens_burst) end,
          'opened_at', o.opened_at, 'probe', o.probe,
          'probe_runs', exists (select from windlass.permit m join windlass.lease l on l.id = m.lease
                                where m.gate = b.gate and m.job = o.probe and get_bit(l.settled, m.place - 1) = 0),
          'probe_failed', exists (select from windlass.failure f where f.gate = b.gate and f.job = o.probe and f.at >= o.probed_at),
          'failed', (select count(*) from windlass.failure f where f.gate = b.gate and f.at > clock.now - b.broken_within))
          order by b.scope), '[]')::text
        from bound b
        cross join lateral (
          select count(*) as jobs, coalesce((array_agg(m.job order by m.job))[1:$5::int4], '{}') as some
          from windlass.permit m
          where m.gate = b.gate
            and exists (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0)) as r
        left join windlass.breaker o on o.gate = b.gate),
       (select json_build_object(
          'ahead', (
            select count(*) from (
              select from windlass.pending p
              where p.queue = s.queue and p.state = 2 and p.line is not null and p.priority = s.priority and p.line = s.next_line
                and ((p.attempt = 0), p.created_at, p.id) < (s.attempt = 0, s.created_at, s.id)
              limit $3::int8) as w)
            + (
            -- Those that get a place in its line together with it.
            select count(*) from (
              select from windlass.pending p
              where s.line is null and p.queue = s.queue and p.state = 2 and p.line is null and p.priority = s.priority
                and p.kind = s.kind and ((p.attempt = 0), p.created_at, p.id) < (s.attempt = 0, s.created_at, s.id)
              limit $3::int8) as w),
          'others', least($4::int4, cardinality(array_remove(
            windlass.next_lines(s.queue, s.priority, '', null, $4::int4 + 1), s.next_line))),
          'sooner', (
            select count(*) from (
              select from windlass.pending p
              where p.queue = s.queue and p.state = 2 and p.line is not null and p.priority < s.priority
              limit $3::int8) as w))::text
        from stand s where s.lane is null and s.next_line is not null and s.state = 2),
       (select json_agg(json_build_object('program', m.program, 'version', m.version, 'note', m.note) order by m.program)::text
        from windlass.minimum_build m),
       (select a.every_us from windlass.queue_age a where a.queue = job.queue)
from job cross join clock
left join windlass.queue q on q.name = job.queue and q.paused_at is not null and coalesce(q.paused_until > clock.now, true)
left join windlass.paused_kind k on k.kind = job.kind and coalesce(k.paused_until > clock.now, true)
left join windlass.leader l on l.duty = 'sweep'
