with clock as (select coalesce($1::int8, windlass.now_us()) as now),
renewed as (
  update windlass.worker w set seen_at = clock.now, expires_at = clock.now + $3::int8, attention = false
  from clock where w.id = $2::uuid
  returning w.quiet
),
-- What handlers finished in transactions of their own leaves empty leases behind.
husks as (
  delete from windlass.lease where worker = $2::uuid and unsettled <= 0
)
select quiet,
       array(select id from windlass.lease where worker = $2::uuid and unsettled > 0),
       array(select job from windlass.called_off where worker = $2::uuid order by job),
       array(select reason from windlass.called_off where worker = $2::uuid order by job)
from renewed
