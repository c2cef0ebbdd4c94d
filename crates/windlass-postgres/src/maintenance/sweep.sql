-- One sweep: leads or finds the leader alive, promotes due jobs, removes dead workers.
--   $1 int8    now; null is the database's clock · $2 uuid the worker that sweeps
--   $3 int8    how long a leader leads without a sweep, in microseconds
--   $4 int8    at most so many jobs are promoted
--   $5 int8    how long a worker's session lock must be free before the worker is dead
--   $6 int8    the same where the worker is older than the server, for so long after the first sweep since the server's start
--   $7 int8    when the server was started at the last sweep of this process · $8 int8 since when that has been so
-- Returns: leads, promoted, removed workers, microseconds to the next due job, whether a heartbeat
-- would bring news, whether leases of removed workers are left, whether a worker has just gone
-- missing, live workers, microseconds to when the next job expires, whether kinds are paused, wake-ups sent,
-- microseconds until a schedule is due, whether jobs of a queue age, microseconds until a moment that jobs wait for, or none where one may have ended unseen,
-- when the server was started, since when this process has known that, whether subscriptions have something to be fed, whether
-- one wants alerts or some have begun, and how many removed workers were told. State 1 is scheduled, 2 available, 3 retryable.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
started as (select (extract(epoch from pg_postmaster_start_time()) * 1000000)::int8 as at),
-- A server that recovers from a crash has been started long before it answers anybody.
server as (
  select started.at as started_at, case when started.at = $7::int8 then $8::int8 else clock.now end as seen_at
  from started, clock
),
-- A session lock that can be had belongs to nobody: the process behind it is gone, or is just
-- connecting again. So it counts only when it is still free a moment later. A server that was started
-- again has ended all sessions at once, and its workers come back one after the other.
other as materialized (
  select w.id, w.missing_at, w.expires_at <= clock.now as expired,
         w.guard is not null and pg_try_advisory_xact_lock(w.guard) as missing,
         case when server.started_at > w.started_at and server.seen_at + $6::int8 > w.missing_at then $6::int8
              else $5::int8 end as patience
  from windlass.worker w, clock, server
  where w.id <> $2::uuid
),
dead as (
  select id from other, clock where expired or (missing and missing_at <= clock.now - patience)
),
fresh as (
  select 1 from windlass.leader, clock where duty = 'sweep' and worker = $2::uuid and expires_at > clock.now + $3::int8 / 2
),
taken as (
  insert into windlass.leader as l (duty, worker, expires_at)
  select 'sweep', $2::uuid, clock.now + $3::int8 from clock where not exists (select from fresh)
  on conflict (duty) do update set worker = excluded.worker, expires_at = excluded.expires_at
  where l.worker = excluded.worker or l.expires_at <= excluded.expires_at - $3::int8
     or not exists (select from other where other.id = l.worker and other.id not in (select id from dead))
  returning 1
),
leads as (select exists (select from fresh) or exists (select from taken) as leads),
missing as (
  update windlass.worker w set missing_at = case when o.missing then clock.now end
  from other o, clock, leads
  where (leads.leads or w.id = (select worker from windlass.leader where duty = 'sweep'))
    and w.id = o.id and o.missing is distinct from (o.missing_at is not null) and o.id not in (select id from dead)
),
due as (
  -- The clock as a value, not as a join: so it bounds the index scan.
  select ctid from windlass.pending
  where state in (1, 3) and run_at <= (select now from clock) and (select leads from leads)
  order by run_at limit $4::int8
  for update skip locked
),
promoted as (
  update windlass.pending set state = 2 where ctid = any (array(select ctid from due)) and state in (1, 3)
  returning queue
),
removed as (
  delete from windlass.worker w using leads, other o, clock
  where leads.leads and w.id in (select id from dead) and o.id = w.id
    -- Looked at again where the worker was just renewing its lease: then its row is another one by now.
    and case when o.expired then w.expires_at <= clock.now else w.missing_at is not null end
  returning w.id, w.label, w.host, w.pid, w.build
),
told as (
  select windlass.tell_lost(clock.now, b.id, b.label, b.host, b.pid, b.build)::text as nothing from removed b, clock
),
not_idle as (
  delete from windlass.idle i using removed b where i.worker = b.id
),
notified as (
  select count(pg_notify(s.channel, ''))
  from (select channel from windlass.idle i
        where exists (select from promoted where queue = any (i.queues))
        limit (select count(*) from promoted)) as s
)
select leads.leads,
       (select count(*) from promoted),
       (select count(*) from removed),
       case when (select count(*) from promoted) >= $4::int8 then 0
            else (select min(p.run_at) from windlass.pending p where p.state in (1, 3) and p.run_at > clock.now) - clock.now end,
       coalesce((select attention from windlass.worker where id = $2::uuid), false),
       exists (select from removed) or exists (
         select from windlass.lease l where not exists (select from windlass.worker w where w.id = l.worker)),
       exists (select from other where missing and missing_at is null
                 and (leads.leads or id = (select worker from windlass.leader where duty = 'sweep'))),
       (select count(*) + 1 from other where id not in (select id from dead)),
       (select min(windlass.expiry(p.meta, p.created_at)) from windlass.pending p where windlass.expiry(p.meta, p.created_at) is not null) - clock.now,
       exists (select from windlass.paused_kind)
         or exists (select from windlass.limit_rule where scope < 2) and exists (select from windlass.pending where state = 2 and line is null),
       notified.count,
       case when leads.leads then windlass.next_fire(clock.now, true) end,
       exists (select from windlass.queue_age),
       case when exists (select from windlass.condition c where c.state = 0 and c.looks) or exists (select from windlass.end_look)
              or exists (select from windlass.batch_look) then 0
            else (select min(c.at) from windlass.condition c where c.state = 0 and c.at is not null) - clock.now end,
       server.started_at, server.seen_at,
       -- By the index, which forgets what was moved; the table remembers until it is vacuumed.
       (select i.nth from windlass.intake i order by i.nth limit 1) is not null or (select l.routed < l.last from windlass.log l)
         or exists (select from windlass.subscription s where s.position is not null and s.paused_at is null)
         or exists (select from windlass.event_window w where w.due_at <= clock.now)
         or exists (select from windlass.subscription_request r where r.error is null),
       exists (select from windlass.subscription s where s.alerts) or exists (select from windlass.alert),
       (select count(nothing) from told),
       (select greatest(o.next_at - clock.now, 0) from windlass.operation o where o.state in ('running', 'undoing')
        order by o.next_at limit 1)
from leads, clock, notified, server
