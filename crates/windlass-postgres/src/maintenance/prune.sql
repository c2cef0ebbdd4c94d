-- Prunes jobs of the default partition; whole days go with their partitions.
--   $1 int8    now · $2 int8 at most so many
-- Returns the ids. State 8 counts what was pruned; jobs that are never pruned have the largest prune_at.
with pruned as (
  delete from windlass.finished_default
  where ctid = any (array(
    select ctid from windlass.finished_default
    where prune_at <= $1::int8 and prune_at < 9223372036854775807 order by prune_at limit $2::int8))
  returning id, queue, state, prune_at
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, state, (prune_at / 86400000000)::int4, -count(*) from pruned group by queue, state, prune_at / 86400000000
  union all
  select queue, 8, null, count(*) from pruned group by queue
)
select id from pruned
