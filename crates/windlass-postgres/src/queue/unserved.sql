-- Due jobs by queue, kind and version, of the first that wait in each queue: all of a short one.
--   $1 int8 now; null is the database's clock
--   $2 int8 jobs looked at of a queue · $3 int8 jobs looked at in all, of each sort, beside $4 int8 of each queue
-- Returns queue, kind, version, number, whether there may be more, earliest run_at. State 0 is waiting (parked), 2 available.
with recursive free as (
  (select queue from windlass.pending where state = 2 and line is null order by queue limit 1)
  union all
  select (select p.queue from windlass.pending p
          where p.state = 2 and p.line is null and p.queue > free.queue order by p.queue limit 1)
  from free where free.queue is not null
),
in_line as (
  (select queue from windlass.pending where state = 2 and line is not null order by queue limit 1)
  union all
  select (select p.queue from windlass.pending p
          where p.state = 2 and p.line is not null and p.queue > in_line.queue order by p.queue limit 1)
  from in_line where in_line.queue is not null
),
bound as (
  select greatest(least($2::int8, $3::int8 / greatest(count(*), 1)), $4::int8) as most
  from (select queue from free union all select queue from in_line) as queues
),
seen as (
  select free.queue, front.kind, front.version, front.run_at,
         count(*) over (partition by free.queue) >= bound.most as or_more
  from free cross join bound cross join lateral (
    select p.kind, p.version, p.run_at from windlass.pending p
    where p.queue = free.queue and p.state = 2 and p.line is null
    order by p.priority, p.run_at limit bound.most) as front
  union all
  select in_line.queue, front.kind, front.version, front.run_at,
         count(*) over (partition by in_line.queue) >= bound.most
  from in_line cross join bound cross join lateral (
    select p.kind, p.version, p.run_at from windlass.pending p
    where p.queue = in_line.queue and p.state = 2 and p.line is not null
    order by p.priority, p.line limit bound.most) as front
  union all
  select parked.queue, parked.kind, parked.version, parked.run_at, count(*) over () >= $3::int8
  from (select queue, kind, version, run_at from windlass.pending
        where state = 0 order by kind, version, queue limit $3::int8) as parked
)
select queue, kind, version, count(*), bool_or(or_more), min(run_at)
from seen
where run_at <= coalesce($1::int8, windlass.now_us())
group by queue, kind, version
order by queue, kind, version
