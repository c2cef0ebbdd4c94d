-- Jobs that are due and do not stand in line, by queue and kind: the oldest of each queue and priority.
--   $1 int8 now · $2 text[] kinds that are left out
--   $3 int8 jobs counted of a queue and priority · $4 int8 jobs looked at to find so many · $5 int8 queues and priorities
-- Returns queue, kind, number, whether there may be more, earliest run_at. State 2 is available.
with recursive level as (
  (select queue, priority, 1::int8 as n from windlass.pending
   where state = 2 and line is null order by queue, priority limit 1)
  union all
  select next.queue, next.priority, level.n + 1
  from level cross join lateral (
    select p.queue, p.priority from windlass.pending p
    where p.state = 2 and p.line is null and (p.queue, p.priority) > (level.queue, level.priority)
    order by p.queue, p.priority limit 1) as next
  where level.n < $5::int8
),
seen as (
  select level.queue, level.priority, front.kind, front.run_at
  from level cross join lateral (
    select f.kind, f.run_at
    from (select p.kind, p.run_at from windlass.pending p
          where p.queue = level.queue and p.priority = level.priority and p.state = 2 and p.line is null
          order by p.run_at limit $4::int8) as f
    where f.kind <> all ($2::text[]) and f.run_at <= $1::int8
    limit $3::int8) as front
),
counted as (
  select queue, priority, kind, count(*) as jobs, min(run_at) as oldest,
         sum(count(*)) over (partition by queue, priority) >= $3::int8 as or_more
  from seen group by queue, priority, kind
)
select queue, kind, sum(jobs)::int8, bool_or(or_more), min(oldest) from counted group by queue, kind
