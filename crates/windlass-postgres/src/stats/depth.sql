-- How long queues are: available jobs, those that do not stand in line and those that do, by queue and priority, and jobs that run.
--   $1 int8 jobs counted of a queue and priority · $2 int8 jobs counted in all, of each sort, beside $6 int8 of each queue and priority
--   $3 int8 queues and priorities · $4 int8 leases · $5 int8 queues
-- Returns queue, available, running, earliest run_at. State 2 is available.
with recursive free as (
  select first.queue, first.priority, front.jobs, front.oldest, front.jobs as looked, 1::int8 as n
  from (select queue, priority from windlass.pending where state = 2 and line is null order by queue, priority limit 1) as first
  cross join lateral (
    select count(*) as jobs, min(f.run_at) as oldest
    from (select p.run_at from windlass.pending p
          where p.queue = first.queue and p.priority = first.priority and p.state = 2 and p.line is null
          order by p.run_at limit $1::int8) as f) as front
  union all
  select next.queue, next.priority, front.jobs, front.oldest, free.looked + front.jobs, free.n + 1
  from free
  cross join lateral (
    select p.queue, p.priority from windlass.pending p
    where p.state = 2 and p.line is null and (p.queue, p.priority) > (free.queue, free.priority)
    order by p.queue, p.priority limit 1) as next
  cross join lateral (
    select count(*) as jobs, min(f.run_at) as oldest
    from (select p.run_at from windlass.pending p
          where p.queue = next.queue and p.priority = next.priority and p.state = 2 and p.line is null
          order by p.run_at limit least($1::int8, greatest($2::int8 - free.looked, $6::int8))) as f) as front
  where free.n < $3::int8
),
in_line as (
  select first.queue, first.priority, front.jobs, front.oldest, front.jobs as looked, 1::int8 as n
  from (select queue, priority from windlass.pending where state = 2 and line is not null order by queue, priority limit 1) as first
  cross join lateral (
    select count(*) as jobs, min(f.run_at) as oldest
    from (select p.run_at from windlass.pending p
          where p.queue = first.queue and p.priority = first.priority and p.state = 2 and p.line is not null
          limit $1::int8) as f) as front
  union all
  select next.queue, next.priority, front.jobs, front.oldest, in_line.looked + front.jobs, in_line.n + 1
  from in_line
  cross join lateral (
    select p.queue, p.priority from windlass.pending p
    where p.state = 2 and p.line is not null and (p.queue, p.priority) > (in_line.queue, in_line.priority)
    order by p.queue, p.priority limit 1) as next
  cross join lateral (
    select count(*) as jobs, min(f.run_at) as oldest
    from (select p.run_at from windlass.pending p
          where p.queue = next.queue and p.priority = next.priority and p.state = 2 and p.line is not null
          limit least($1::int8, greatest($2::int8 - in_line.looked, $6::int8))) as f) as front
  where in_line.n < $3::int8
),
running as (
  select j.queue, count(*) as jobs
  from (select jobs, settled from windlass.lease where unsettled > 0 limit $4::int8) as l,
       unnest(l.jobs) with ordinality as
       j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
         root, parent, origin, meta, history, place)
  where get_bit(l.settled, j.place::int4 - 1) = 0
  group by j.queue
)
select queue, least(sum(available), $1::int8)::int8, sum(running)::int8, min(oldest)
from (
  select queue, jobs as available, 0 as running, oldest from free
  union all
  select queue, jobs, 0, oldest from in_line
  union all
  select queue, 0, jobs, null from running) as seen
group by queue order by queue limit $5::int8
