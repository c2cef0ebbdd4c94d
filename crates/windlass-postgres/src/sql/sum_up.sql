with gone as (
  delete from windlass.tally
  where ctid = any (array(select ctid from windlass.tally limit 20000 for update skip locked))
    and (select count(*) from (select from windlass.tally limit 200) as few) >= 200
  returning queue, state, shelf, jobs
)
insert into windlass.tally (queue, state, shelf, jobs)
select queue, state, shelf, sum(jobs) from gone group by queue, state, shelf
