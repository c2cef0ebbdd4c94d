-- One job, in any state.
--   $1 uuid    the job
-- Returns the columns of a job record. State 4 is running.
select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
       args, root, parent, origin, meta, history, reason, null::int8 as started_at, null::int8 as finished_at,
       null::text as worker, null::text as output, false as cancel_requested
from windlass.pending where id = $1::uuid
union all
select j.id, queue, kind, version, 4::int2, priority, attempt, failures, losses, max_attempts, run_at, created_at,
       args, root, parent, origin, meta, history, null, claimed_at, null, label, null,
       exists (select from windlass.cancel_request c where c.job = j.id)
from windlass.running_job j where j.id = $1::uuid
union all
select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
       args, root, parent, origin, meta, history, reason, started_at, finished_at, worker, output, false
from windlass.finished where id = $1::uuid
limit 1
