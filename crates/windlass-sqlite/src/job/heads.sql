-- How jobs stand, those that are gone left out.
--   ?1  their ids as a JSON list of texts of 32 digits
-- Returns id, kind, queue, state, attempt, and how far it is: percent, note, done, total, whether it has said so,
-- and meta.
with asked as materialized (select distinct unhex(value) as id from json_each(?1))
select j.id, j.kind, j.queue, j.state, j.attempt, p.percent, p.note, p.done, p.total, p.at is not null,
       j.meta
from asked cross join windlass_pending j on j.id = asked.id left join windlass_progress p on p.job = asked.id
union all
select j.id, j.kind, j.queue, j.state, j.attempt, p.percent, p.note, p.done, p.total, p.at is not null,
       j.meta
from asked cross join windlass_finished j on j.id = asked.id left join windlass_progress p on p.job = asked.id
order by 1
