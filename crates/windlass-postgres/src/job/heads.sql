-- How jobs stand, those that are gone left out.
--   $1 uuid[]  their ids, each once
-- Returns id, kind, queue, state, attempt, and how far it is: percent, note, done, total, whether it has said so, and meta.
-- State 4 is running. Leases are only looked through where some of the jobs are nowhere else.
with elsewhere as materialized (
  select id, kind, queue, state, attempt, meta from windlass.pending where id = any ($1::uuid[])
  union all
  select id, kind, queue, state, attempt, meta from windlass.finished where id = any ($1::uuid[])
), heads as (
  select id, kind, queue, state, attempt, meta from elsewhere
  union all
  select id, kind, queue, 4::int2, attempt, meta from windlass.running_job
  where id = any ($1::uuid[]) and (select count(*) from elsewhere) < cardinality($1::uuid[])
)
select h.id, h.kind, h.queue, h.state, h.attempt, p.percent, p.note, p.done, p.total, p.at is not null, h.meta
from heads h left join windlass.progress p on p.job = h.id
order by h.id
