-- Dead jobs by kind, of the newest.
--   $1 int8 the moment from which on a death is news · $2 text[] kinds that are left out · $3 int8 jobs looked at
-- Returns kind, number, whether there may be more, deaths since then, the last of them, and its job. State 7 is dead.
with newest as materialized (
  select id, kind, finished_at from windlass.finished where state = 7 order by id desc limit $3::int8
)
select kind, count(*), (select count(*) from newest) >= $3::int8, count(*) filter (where finished_at >= $1::int8),
       max(finished_at), (array_agg(id order by finished_at desc, id desc))[1]
from newest
where kind <> all ($2::text[])
group by kind
order by kind
