-- Jobs that wait for ends which cannot come, and have no deadline: of the open conditions on the oldest jobs.
--   $1 text[] kinds that are left out · $2 int8 conditions looked at · $3 int8 jobs
-- Returns id, kind, queue, when it was written, its first condition that cannot be met, the job which that is on, and how
-- that one has ended, null where it is gone.
with open as materialized (
  -- The sweep looks after the others. A batch is in none of the tables below.
  select job, nth, name, awaits, ends from windlass.condition
  where state = 0 and awaits is not null and not looks and not of_batch order by awaits limit $2::int8
),
running as materialized (
  select id from windlass.running_job where exists (select from open)
),
lost as materialized (
  select o.job, o.nth, o.name, o.awaits, f.state
  from open o
  -- One by one: finished may have any number of rows.
  left join lateral (select state from windlass.finished where id = o.awaits limit 1) f on true
  where coalesce(o.ends & (1 << (f.state - 5)) = 0, true)
    and not exists (select from windlass.pending q where q.id = o.awaits)
    and not exists (select from running r where r.id = o.awaits)
)
select p.id, p.kind, p.queue, p.created_at, l.name, l.awaits, l.state
from (select distinct on (job) job, name, awaits, state, count(*) over (partition by job) as lost from lost order by job, nth) l
join windlass.pending p on p.id = l.job and p.state = -1
where p.kind <> all ($1::text[])
  and not exists (select from windlass.condition d where d.job = p.id and d.state = 0 and d.overdue is not null)
  and case when strpos(p.meta, '"needed"') = 0 then true
           else (select count(*) from windlass.condition c where c.job = p.id and c.state < 3 and c.overdue is null
                   and c.name in (select e->>'name' from jsonb_array_elements(p.meta::jsonb->'waits'->'for') as e)) - l.lost
                < (p.meta::jsonb->'waits'->>'needed')::integer end
order by p.created_at, p.id
limit $3::int8
