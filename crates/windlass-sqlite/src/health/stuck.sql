-- Jobs that wait for ends which cannot come, and have no deadline: of the open conditions on the oldest jobs.
--   ?1 conditions looked at
-- Returns id, kind, queue, when it was written, its first condition that cannot be met, the job which that is on, and how
-- that one has ended, null where it is gone.
with lost as (
  select o.job, min(o.nth) as nth, o.name, o.awaits, f.state, count(*) as number
  from (select job, nth, name, awaits, ends from windlass_condition
        where state = 0 and awaits is not null order by awaits limit ?1) o
  left join windlass_finished f on f.id = o.awaits
  where coalesce((o.ends & (1 << (f.state - 5))) = 0, 1)
    and not exists (select 1 from windlass_pending q where q.id = o.awaits)
  -- The other columns are those of the smallest nth.
  group by o.job
)
select p.id, p.kind, p.queue, p.created_at, l.name, l.awaits, l.state
from lost l cross join windlass_pending p on p.id = l.job and p.state = -1
where not exists (select 1 from windlass_condition d where d.job = p.id and d.state = 0 and d.overdue is not null)
  and case when instr(p.meta, '"needed"') = 0 then 1
           else (select count(*) from windlass_condition c where c.job = p.id and c.state < 3 and c.overdue is null
                   and c.name in (select e.value ->> '$.name' from json_each(p.meta, '$.waits.for') e)) - l.number
                < (p.meta ->> '$.waits.needed') end
order by p.created_at, p.id
