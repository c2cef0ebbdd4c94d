-- The unsettled jobs of all leases of a worker, by lease and place.
--   $1 uuid    the worker
-- Returns the columns of a leased job, and when it was claimed.
select lease, worker, label, batch, place, id, queue, kind, version, priority, attempt, failures, losses,
       max_attempts, args, root, meta, run_at, created_at, parent, origin, history, null::text, null::int4, null::int4,
       claimed_at
from windlass.running_job
where worker = $1::uuid
order by claimed_at, lease, place
