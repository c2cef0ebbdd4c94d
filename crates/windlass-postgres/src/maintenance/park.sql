-- Parks available jobs at the front of their queues that no registered worker knows.
--   $1 int8    how many jobs of each queue are looked at
-- Returns a row for each. State 0 is waiting, 2 available.
with recursive waiting_queue as (
  (select queue from windlass.pending where state = 2 and line is null order by queue limit 1)
  union all
  select (select p.queue from windlass.pending p where p.state = 2 and p.line is null and p.queue > waiting_queue.queue
          order by p.queue limit 1)
  from waiting_queue where waiting_queue.queue is not null
),
lined_queue as (
  (select queue from windlass.pending where state = 2 and line is not null order by queue limit 1)
  union all
  select (select p.queue from windlass.pending p where p.state = 2 and p.line is not null and p.queue > lined_queue.queue
          order by p.queue limit 1)
  from lined_queue where lined_queue.queue is not null
),
front as (
  select p.place, p.kind, p.version
  from waiting_queue cross join lateral (
    select ctid as place, kind, version from windlass.pending
    where queue = waiting_queue.queue and state = 2 and line is null
    order by priority, run_at limit $1::int8
  ) as p
  where waiting_queue.queue is not null
  union all
  select p.place, p.kind, p.version
  from lined_queue cross join lateral (
    select ctid as place, kind, version from windlass.pending
    where queue = lined_queue.queue and state = 2 and line is not null
    order by priority, line, (attempt = 0), created_at limit $1::int8
  ) as p
  where lined_queue.queue is not null
),
unknown as (
  select place from front f
  where not exists (select from windlass.worker w where f.kind || '@' || f.version = any (w.handlers))
)
update windlass.pending p
set state = 0, reason = 'no live worker knows ' || p.kind || '@' || p.version
where p.ctid = any (array(select place from unknown)) and p.state = 2
returning 1
