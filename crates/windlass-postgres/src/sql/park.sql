-- Available jobs in front of their queues that no registered worker knows.
with recursive line as (
  (select queue from windlass.pending where state = 2 order by queue limit 1)
  union all
  select (select p.queue from windlass.pending p where p.state = 2 and p.queue > line.queue order by p.queue limit 1)
  from line where line.queue is not null
),
front as (
  select p.place, p.kind, p.version
  from line cross join lateral (
    select ctid as place, kind, version from windlass.pending
    where queue = line.queue and state = 2
    order by priority, run_at limit $1::int8
  ) as p
  where line.queue is not null
),
stranger as (
  select place from front f
  where not exists (select from windlass.worker w where f.kind || '@' || f.version = any (w.handlers))
)
update windlass.pending p
set state = 0, reason = 'no live worker knows ' || p.kind || '@' || p.version
where p.ctid = any (array(select place from stranger)) and p.state = 2
returning 1
