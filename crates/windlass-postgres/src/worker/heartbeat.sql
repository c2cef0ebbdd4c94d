-- Renews a worker's lease.
--   $1 int8    now; null is the database's clock · $2 uuid the worker
--   $3 int8    how long the lease lasts, in microseconds
-- Returns whether it is to be quiet, its leases, its jobs with a cancel request and the reasons, and of the minimum
-- builds the programs, versions and notes; no row where it is not registered.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
renewed as (
  update windlass.worker w set seen_at = clock.now, expires_at = clock.now + $3::int8, attention = false, missing_at = null
  from clock where w.id = $2::uuid
  returning w.quiet
),
-- What handlers finished in transactions of their own leaves empty leases behind.
empty_leases as (
  delete from windlass.lease where worker = $2::uuid and unsettled <= 0
)
select quiet,
       array(select id from windlass.lease where worker = $2::uuid and unsettled > 0),
       array(select job from windlass.cancel_request where worker = $2::uuid order by job),
       array(select reason from windlass.cancel_request where worker = $2::uuid order by job),
       m.programs, m.versions, m.notes
from renewed, (
  select array_agg(program order by program) as programs, array_agg(version order by program) as versions,
         array_agg(note order by program) as notes
  from windlass.minimum_build) as m
