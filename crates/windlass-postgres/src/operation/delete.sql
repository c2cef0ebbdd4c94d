-- Removes jobs that have ended. What belongs to them goes with the notes of how they were. State 8 counts what is gone.
--   $1 uuid[]  jobs
-- Returns those that it removed.
with removed as (
  delete from windlass.finished where id = any ($1::uuid[]) returning id, queue, state, prune_at
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, state, case state when 7 then null else (prune_at / 86400000000)::int4 end, -count(*)
  from removed group by 1, 2, 3
  union all
  select queue, 8, null, count(*) from removed group by queue
)
select id from removed
