-- What is unsettled of one lease, or of all leases of one worker.
select l.id, l.worker, l.label, length(l.settled), j.place::int2, j.id, j.queue, j.kind, j.version, j.priority,
       j.attempt, j.failures, j.losses, j.max_attempts, j.args, j.root, j.meta, j.run_at, j.created_at, j.parent,
       j.origin, j.history, null::text
from windlass.lease l,
unnest(l.jobs) with ordinality as
  j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
    root, parent, origin, meta, history, place)
where l.worker = $1::uuid and ($2::uuid is null or l.id = $2::uuid)
  and get_bit(l.settled, (j.place - 1)::int4) = 0
