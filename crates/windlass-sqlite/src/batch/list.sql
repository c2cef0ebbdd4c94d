-- Batches, newest first.
--   ?1 one of them, or null · ?2 name · ?3 key · ?4 whether they are live · ?5 whether they are workflows · ?6 which workflow
--   they undo · ?7 those before this one · ?8 at most so many
-- Returns id, name, key, undoes, whether it is a workflow, whether it is sealed and live, when it was made and ended, how many
-- of its jobs are open, completed, cancelled and dead, and whether all open ones wait for conditions.
with chosen as materialized (
  select b.*, exists (select 1 from windlass_member m where m.batch = b.id and m.step is not null) as is_workflow
  from windlass_batch b
  where (?1 is null or b.id = ?1)
    and (?2 is null or b.name = ?2)
    and (?3 is null or b.key = ?3)
    and (?4 is null or b.live = ?4)
    and (?5 is null or ?5 = exists (select 1 from windlass_member m where m.batch = b.id and m.step is not null))
    and case when ?6 is null then ?1 is not null or b.undoes is null else b.undoes = ?6 end
    and (?7 is null or b.id < ?7)
  order by b.id desc limit ?8
),
counted as materialized (
  select c.id, count(m.job) filter (where m.ended is null) as open, count(*) filter (where m.ended = 5) as completed,
         count(*) filter (where m.ended = 6) as cancelled, count(*) filter (where m.ended = 7) as dead
  from chosen c left join windlass_member m on m.batch = c.id
  group by c.id
)
select b.id, b.name, b.key, b.undoes, b.is_workflow, b.sealed, b.live, b.created_at, case when not b.live then b.ended_at end,
       n.open, n.completed, n.cancelled, n.dead,
       b.live and n.open > 0 and n.cancelled + n.dead > 0 and not exists (
         select 1 from windlass_member m join windlass_pending p on p.id = m.job
         where m.batch = b.id and m.ended is null and p.state <> -1)
from chosen b join counted n on n.id = b.id
order by b.id desc
