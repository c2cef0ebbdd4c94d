-- Where jobs stand that were not changed.
--   $1 uuid[]  jobs
-- Returns id, the state, or null where it is gone, the queue, and whether a workflow keeps it from running again. State 4 is running.
select j.id, coalesce(p.state, r.state, f.state), coalesce(p.queue, r.queue, f.queue),
       f.id is not null and windlass.stays_undone(j.id) is not null
from unnest($1::uuid[]) as j(id)
left join windlass.pending p on p.id = j.id
left join (select id, queue, 4::int2 as state from windlass.running_job where id = any ($1::uuid[])) as r on r.id = j.id
left join windlass.finished f on f.id = j.id
