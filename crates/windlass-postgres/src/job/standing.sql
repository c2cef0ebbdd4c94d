-- Where jobs are that a move did not find waiting.
--   $1 uuid[]  jobs
-- Returns id, queue, state. State 4 is running.
select id, queue, state from windlass.pending where id = any ($1::uuid[])
union all
select id, queue, 4::int2 from windlass.running_job where id = any ($1::uuid[])
union all
select id, queue, state from windlass.finished where id = any ($1::uuid[])
