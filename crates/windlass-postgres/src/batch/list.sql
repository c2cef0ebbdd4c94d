-- Batches, newest first.
--   $1 uuid  one of them, or null · $2 text name · $3 text key · $4 bool whether they are live · $5 bool whether they are
--   workflows · $6 uuid which workflow they undo · $7 uuid those before this one · $8 int8 at most so many
-- Returns id, name, key, undoes, whether it is a workflow, whether it is sealed and live, when it was made and ended, how many
-- of its jobs are open, completed, cancelled and dead, and whether all open ones wait for conditions.
with chosen as materialized (
  select b.* from windlass.batch b
  where ($1::uuid is null or b.id = $1::uuid)
    and ($2::text is null or b.name = $2::text)
    and ($3::text is null or b.key = $3::text)
    and ($4::bool is null or b.live = $4::bool)
    and ($5::bool is null or $5::bool = exists (select from windlass.member m where m.batch = b.id and m.step is not null))
    and case when $6::uuid is null then $1::uuid is not null or b.undoes is null else b.undoes = $6::uuid end
    and ($7::uuid is null or b.id < $7::uuid)
  order by b.id desc limit $8::int8
)
select b.id, b.name, b.key, b.undoes,
       exists (select from windlass.member m where m.batch = b.id and m.step is not null),
       b.sealed, b.live, b.created_at, case when not b.live then b.ended_at end, n.open, n.completed, n.cancelled, n.dead,
       b.live and n.open > 0 and n.cancelled + n.dead > 0 and not exists (
         select from windlass.member m left join windlass.pending p on p.id = m.job
         where m.batch = b.id and m.ended is null and coalesce(p.state, 4) <> -1)
from chosen b cross join lateral (
  select count(*) filter (where m.ended is null) as open, count(*) filter (where m.ended = 5) as completed,
         count(*) filter (where m.ended = 6) as cancelled, count(*) filter (where m.ended = 7) as dead
  from windlass.member m where m.batch = b.id) as n
order by b.id desc
