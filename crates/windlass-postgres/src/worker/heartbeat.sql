-- Renews a worker's lease.
--   $1 int8    now; null is the database's clock · $2 uuid the worker
--   $3 int8    how long the lease lasts, in microseconds
--   $4 int8    how long ago a claim has last brought it jobs, in microseconds; null where that is not known
-- Returns whether it is to be quiet, its leases, its jobs with a cancel request and the reasons, and of the minimum
-- builds the programs, versions and notes, and whether it is to stop; no row where it is not registered.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
renewed as (
  update windlass.worker w set seen_at = clock.now, expires_at = clock.now + $3::int8, attention = false, missing_at = null,
    claimed_at = greatest(w.claimed_at, clock.now - $4::int8)
  from clock where w.id = $2::uuid
  returning w.id, w.quiet, w.stopping
),
-- What handlers finished in transactions of their own leaves empty leases behind.
empty_leases as (
  delete from windlass.lease where worker = $2::uuid and unsettled <= 0
)
-- Read in a later snapshot: the update may have waited for a transaction that wrote news and raised the flag it takes down.
select quiet,
       array(select id from windlass.lease where worker = $2::uuid and unsettled > 0),
       news.jobs, news.reasons, news.programs, news.versions, news.notes,
       stopping
from renewed, lateral windlass.news_for(renewed.id) as news
