-- Notes jobs as they are, locked until the transaction ends; those that others have locked are left out.
--   $1 uuid   the operation · $2 uuid[] jobs · $3 int8 now
--   $4 bool   of those that wait · $5 bool of those that have ended · $6 bool whether these are removed
-- Returns those that it noted.
with waiting as materialized (
  select p.id, row_to_json(p) as was from windlass.pending p
  where $4::bool and p.id = any ($2::uuid[]) order by p.id for update skip locked
),
ended as materialized (
  select f.id, f.state, row_to_json(f) as was from windlass.finished f
  where $5::bool and f.id = any ($2::uuid[]) order by f.id for update skip locked
)
insert into windlass.operation_job (operation, job, at, has_ended, removed, awaited, blocks, was)
select $1::uuid, id, $3::int8, false, false,
       exists (select from windlass.condition c where c.awaits = waiting.id and c.state = 0)
         or exists (select from windlass.member m join windlass.condition c on c.awaits = m.batch and c.state = 0
                    where m.job = waiting.id),
       false, was
from waiting
union all
select $1::uuid, id, $3::int8, true, $6::bool, false,
       state = 7 and exists (select from windlass.permit m where m.job = ended.id and m.blocks), was
from ended
on conflict do nothing
returning job
