-- Adds the oldest noted duplicates to their sums.
--   $1 int8    how many of the newest are kept as they are
-- Returns nothing.
with old as (
  delete from windlass.duplicate
  where at < (select at from windlass.duplicate order by at desc offset $1::int8 - 1 limit 1)
  returning kind, answer
)
insert into windlass.duplicate_count as c (kind, answer, jobs)
select kind, answer, count(*) from old group by kind, answer
on conflict (kind, answer) do update set jobs = c.jobs + excluded.jobs
