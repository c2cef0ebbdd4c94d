-- Due jobs by queue, kind and version.
--   $1 int8    now; null is the database's clock
-- Returns queue, kind, version, number, earliest run_at. State 0 is waiting (parked), 2 available.
select queue, kind, version, count(*), min(run_at)
from windlass.pending
where state in (0, 2) and run_at <= coalesce($1::int8, windlass.now_us())
group by queue, kind, version
order by queue, kind, version
