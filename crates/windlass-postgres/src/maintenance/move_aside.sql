-- Moves available jobs of paused kinds out of the way of claims, from the front of their queues, and brings those back
-- whose kind is not paused any more.
--   $1 int8    now; null is the database's clock
--   $2 int8    at most so many of each
-- Returns how many were moved, and how many came back. State 0 is waiting, 2 available.
with recursive clock as (select coalesce($1::int8, windlass.now_us()) as now),
paused as (
  select kind from windlass.paused_kind, clock where coalesce(paused_until > clock.now, true)
),
waiting_queue as (
  (select queue from windlass.pending where state = 2 and line is null and exists (select from paused) order by queue limit 1)
  union all
  select (select p.queue from windlass.pending p where p.state = 2 and p.line is null and p.queue > waiting_queue.queue order by p.queue limit 1)
  from waiting_queue where waiting_queue.queue is not null
),
front as (
  select p.place
  from waiting_queue cross join lateral (
    select ctid as place, kind from windlass.pending
    where queue = waiting_queue.queue and state = 2 and line is null
    order by priority, run_at limit $2::int8
  ) as p
  where waiting_queue.queue is not null and p.kind in (select kind from paused)
  limit $2::int8
),
-- One that an open transaction keeps is moved in a later round.
free as (
  select p.ctid as place from windlass.pending p
  where p.ctid = any (array(select place from front)) and p.state = 2
  for no key update skip locked
),
moved as (
  update windlass.pending p
  set state = 0, reason = p.kind || ' is paused'
  where p.ctid = any (array(select place from free)) and p.state = 2
  returning 1
),
over as (
  select k.kind from windlass.paused_kind k, clock where k.paused_until <= clock.now
),
returning_jobs as (
  select p.ctid as place from windlass.pending p
  where p.state = 0 and p.kind = any (array(select kind from over))
  limit $2::int8
  for update skip locked
),
back as (
  update windlass.pending p set state = 2, reason = null
  where p.ctid = any (array(select place from returning_jobs)) and p.state = 0
  returning p.queue
),
forgotten as (
  delete from windlass.paused_kind k
  where k.kind in (select kind from over) and (select count(*) from returning_jobs) < $2::int8
),
notified as (
  select count(pg_notify(s.channel, ''))
  from (select channel from windlass.idle i where exists (select from back where queue = any (i.queues))) as s
)
select (select count(*) from moved), (select count(*) from back), notified.count from notified
