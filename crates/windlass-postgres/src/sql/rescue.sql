-- What is unsettled of leases whose worker is not registered any more.
select l.id, l.worker, l.label, l.jobs_number, j.place::int2, j.id, j.queue, j.kind, j.version, j.priority, j.attempt,
       j.failures, j.losses, j.max_attempts, j.args, j.root, j.meta, j.run_at, j.created_at, j.parent, j.origin,
       j.history, (select reason from windlass.called_off c where c.job = j.id)
from (
  select id, worker, label, length(settled) as jobs_number, settled, jobs from windlass.lease o
  where not exists (select from windlass.worker w where w.id = o.worker)
  limit 8
) as l,
unnest(l.jobs) with ordinality as
  j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
    root, parent, origin, meta, history, place)
where get_bit(l.settled, (j.place - 1)::int4) = 0
