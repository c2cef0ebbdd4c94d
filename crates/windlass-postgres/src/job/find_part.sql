-- How far a look for jobs comes that goes through so many of each sort, newest first.
--   $1 int2[]  states that are looked for
--   $2 uuid    older than this job
--   $3 int8    so many of the pending ones, and of the ended ones of each sort
-- Returns the oldest job of the look, null where it goes through all there are, and how many it goes through, the running
-- ones aside. State 5 is completed, 6 cancelled, 7 dead.
with lowest as materialized (
  select greatest(
    -- Both that wait are 0.
    (select id from windlass.pending
     where $1::int2[] && array[0, 1, 2, 3]::int2[] and id < $2::uuid order by id desc offset $3::int8 - 1 limit 1),
    (select id from windlass.finished
     where 5 = any ($1::int2[]) and id < $2::uuid order by id desc offset $3::int8 - 1 limit 1),
    (select id from windlass.finished
     where not 5 = any ($1::int2[]) and 6 = any ($1::int2[]) and state in (6, 7) and state = 6 and id < $2::uuid
     order by id desc offset $3::int8 - 1 limit 1),
    (select id from windlass.finished
     where not 5 = any ($1::int2[]) and 7 = any ($1::int2[]) and state in (6, 7) and state = 7 and id < $2::uuid
     order by id desc offset $3::int8 - 1 limit 1)) as id
), low as materialized (
  select coalesce(id, '00000000-0000-0000-0000-000000000000') as id from lowest
)
select lowest.id,
  (select count(*) from windlass.pending p
   where $1::int2[] && array[0, 1, 2, 3]::int2[] and p.id < $2::uuid and p.id >= low.id)
  + (select count(*) from windlass.finished f where 5 = any ($1::int2[]) and f.id < $2::uuid and f.id >= low.id)
  + (select count(*) from windlass.finished f
     where not 5 = any ($1::int2[]) and 6 = any ($1::int2[]) and state in (6, 7) and state = 6
       and f.id < $2::uuid and f.id >= low.id)
  + (select count(*) from windlass.finished f
     where not 5 = any ($1::int2[]) and 7 = any ($1::int2[]) and state in (6, 7) and state = 7
       and f.id < $2::uuid and f.id >= low.id)
from lowest, low
