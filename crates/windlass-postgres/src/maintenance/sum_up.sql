-- Sums up the counts of ended jobs, where there are many rows of them. No parameters.
with summed as (
  delete from windlass.job_count
  where ctid = any (array(select ctid from windlass.job_count limit 20000 for update skip locked))
    and (select count(*) from (select from windlass.job_count limit 200) as few) >= 200
  returning queue, state, prune_day, jobs
)
insert into windlass.job_count (queue, state, prune_day, jobs)
select queue, state, prune_day, sum(jobs) from summed group by queue, state, prune_day
