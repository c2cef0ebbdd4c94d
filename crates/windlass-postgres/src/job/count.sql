-- Numbers of jobs by queue and state: pending and running ones counted, finished ones from the counts
-- that are kept. No parameters. Returns queue, state, number.
select queue, 2::int2, count(*) from windlass.pending where state = 2 and line is null group by queue
union all
select queue, 2::int2, count(*) from windlass.pending where state = 2 and line is not null group by queue
union all
select queue, state, count(*) from windlass.pending where state in (1, 3) group by queue, state
union all
select queue, 0::int2, count(*) from windlass.pending where state = 0 group by queue
union all
select queue, 0::int2, count(*) from windlass.pending where state = -1 group by queue
union all
select queue, 4::int2, count(*) from windlass.running_job group by queue
union all
select queue, state, sum(jobs)::int8 from windlass.job_count group by queue, state
