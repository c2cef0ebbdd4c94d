-- The jobs of a tree, oldest first: its root, those whose root it is, and those that come of its events.
--   $1 uuid    the root
--   $2 uuid[]  the first id that a job of an event can have, for each of its events · $3 uuid[] the last
--   $4 int8    at most so many
-- Those that come of events are in no index by root: their ids tell their events.
select distinct t.id from (
  select $1::uuid as id
  union all
  select p.id from windlass.pending p
  where p.root = $1::uuid and get_byte(uuid_send(p.id), 6) not between 128 and 143
  union all
  select f.id from windlass.finished f
  where f.root = $1::uuid and get_byte(uuid_send(f.id), 6) not between 128 and 143
  union all
  select r.id from windlass.running_job r where r.root = $1::uuid
  union all
  select j.id
  from unnest($2::uuid[], $3::uuid[]) as e(low, high),
       lateral ((select p.id from windlass.pending p where p.id between e.low and e.high limit $4::int8)
                union all
                (select f.id from windlass.finished f where f.id between e.low and e.high limit $4::int8)) as j
) as t
order by t.id limit $4::int8
