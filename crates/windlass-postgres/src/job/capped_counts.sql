-- Numbers of jobs by queue and state, at a cost that does not grow with those that wait.
--   $1 int8 jobs counted of a queue and state · $2 int8 jobs counted in all, of each sort, beside $3 int8 of each queue and state
-- Returns queue, state, number, whether there are more, the sort: 0 all were counted, 1 queue by queue, 2 by their time, 3 by kind.
with recursive free as (
  select first.queue, front.jobs, $1::int8 as most, front.jobs as looked
  from (select queue from windlass.pending where state = 2 and line is null order by queue limit 1) as first
  cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p where p.queue = first.queue and p.state = 2 and p.line is null
          order by p.priority, p.run_at limit $1::int8 + 1) as f) as front
  union all
  select next.queue, front.jobs, bound.most, free.looked + front.jobs
  from free
  cross join lateral (select least($1::int8, greatest($2::int8 - free.looked, $3::int8)) as most) as bound
  cross join lateral (
    select p.queue from windlass.pending p
    where p.state = 2 and p.line is null and p.queue > free.queue order by p.queue limit 1) as next
  cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p where p.queue = next.queue and p.state = 2 and p.line is null
          order by p.priority, p.run_at limit bound.most + 1) as f) as front
),
in_line as (
  select first.queue, front.jobs, $1::int8 as most, front.jobs as looked
  from (select queue from windlass.pending where state = 2 and line is not null order by queue limit 1) as first
  cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p where p.queue = first.queue and p.state = 2 and p.line is not null
          order by p.priority, p.line limit $1::int8 + 1) as f) as front
  union all
  select next.queue, front.jobs, bound.most, in_line.looked + front.jobs
  from in_line
  cross join lateral (select least($1::int8, greatest($2::int8 - in_line.looked, $3::int8)) as most) as bound
  cross join lateral (
    select p.queue from windlass.pending p
    where p.state = 2 and p.line is not null and p.queue > in_line.queue order by p.queue limit 1) as next
  cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p where p.queue = next.queue and p.state = 2 and p.line is not null
          order by p.priority, p.line limit bound.most + 1) as f) as front
),
conditional as (
  select first.queue, front.jobs, $1::int8 as most, front.jobs as looked
  from (select queue from windlass.pending where state = -1 order by queue limit 1) as first
  cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p where p.queue = first.queue and p.state = -1
          order by p.queue limit $1::int8 + 1) as f) as front
  union all
  select next.queue, front.jobs, bound.most, conditional.looked + front.jobs
  from conditional
  cross join lateral (select least($1::int8, greatest($2::int8 - conditional.looked, $3::int8)) as most) as bound
  cross join lateral (
    select p.queue from windlass.pending p
    where p.state = -1 and p.queue > conditional.queue order by p.queue limit 1) as next
  cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p where p.queue = next.queue and p.state = -1
          order by p.queue limit bound.most + 1) as f) as front
)
select queue, 2::int2, least(jobs, most), jobs > most, 1::int2 from free
union all
select queue, 2::int2, least(jobs, most), jobs > most, 1::int2 from in_line
union all
select queue, 0::int2, least(jobs, most), jobs > most, 1::int2 from conditional
union all
select queue, state, count(*), false, 2::int2
from (select queue, state from windlass.pending where state in (1, 3) order by run_at limit $2::int8 + 1) as due
group by queue, state
union all
select queue, 0::int2, count(*), false, 3::int2
from (select queue from windlass.pending where state = 0 order by kind, version, queue limit $2::int8 + 1) as parked
group by queue
union all
select queue, 4::int2, count(*), false, 0::int2 from windlass.running_job group by queue
union all
select queue, state, sum(jobs)::int8, false, 0::int2 from windlass.job_count group by queue, state
