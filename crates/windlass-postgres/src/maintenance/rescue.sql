-- The unsettled jobs of leases whose worker is not registered any more, of some leases. No parameters.
-- Returns the columns of a leased job, with the reason of a cancel request
-- and the limits of failures and losses of its kind.
select j.lease, j.worker, j.label, j.batch, j.place, j.id, j.queue, j.kind, j.version, j.priority, j.attempt,
       j.failures, j.losses, j.max_attempts, j.args, j.root, j.meta, j.run_at, j.created_at, j.parent, j.origin,
       j.history, (select reason from windlass.cancel_request c where c.job = j.id),
       k.max_attempts, k.max_losses
from windlass.running_job j
left join windlass.kind_limit k on k.worker = j.worker and k.kind = j.kind
where j.lease in (
  select id from windlass.lease l
  where not exists (select from windlass.worker w where w.id = l.worker)
  limit 8)
