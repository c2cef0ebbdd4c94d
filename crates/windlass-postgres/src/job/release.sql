-- The unsettled jobs of one lease of a worker.
--   $1 uuid    the worker · $2 uuid the lease; null takes all of its leases
-- Returns the columns of a leased job.
select lease, worker, label, batch, place, id, queue, kind, version, priority, attempt, failures, losses,
       max_attempts, args, root, meta, run_at, created_at, parent, origin, history, null::text, null::int4, null::int4
from windlass.running_job
where worker = $1::uuid and ($2::uuid is null or lease = $2::uuid)
