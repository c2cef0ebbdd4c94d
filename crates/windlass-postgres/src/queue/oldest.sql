-- When the oldest available job of each queue was due: the earliest of each priority, and of the first jobs in line.
--   $1 text[] queues
-- Returns queue, the earliest run_at or null.
with recursive level as (
  select name as queue,
         (select min(p.priority) from windlass.pending p where p.queue = name and p.state = 2 and p.line is null) as priority
  from unnest($1::text[]) as name
  union all
  select level.queue,
         (select min(p.priority) from windlass.pending p
          where p.queue = level.queue and p.priority > level.priority and p.state = 2 and p.line is null)
  from level where level.priority is not null
)
select queue, min(at)
from (
  select level.queue,
         (select min(p.run_at) from windlass.pending p
          where p.queue = level.queue and p.priority = level.priority and p.state = 2 and p.line is null) as at
  from level where level.priority is not null
  union all
  select name,
         (select min(run_at)
          from (select p.run_at from windlass.pending p where p.queue = name and p.state = 2 and p.line is not null
                order by p.priority, p.line, (p.attempt = 0), p.created_at limit 1000) as front)
  from unnest($1::text[]) as name) as seen
group by queue
