-- The conditions of a job, in their order, except its deadline.
--   $1 uuid  the job
-- Returns name, the job it waits for and in which ways that may end, the signal, the moment, the state and since when, what
-- came with it, a note, the state of that job or batch, and whether it is a batch. State 4 is running.
select c.name, c.awaits, c.ends, c.signal, c.at, c.state, c.since, coalesce(c.data, o.output), c.note, o.state, c.of_batch
from windlass.condition c
left join lateral (
  select state, null::text as output from windlass.pending p where p.id = c.awaits
  union all
  select state, output from windlass.finished f where f.id = c.awaits
  union all
  select ended, null from windlass.batch b where b.id = c.awaits and not b.live
  union all
  -- Last: this reads the array of each lease.
  select 4::int2, null from windlass.running_job r where r.id = c.awaits and not c.of_batch
  limit 1) as o on c.awaits is not null
where c.job = $1::uuid and c.overdue is null
order by c.nth
