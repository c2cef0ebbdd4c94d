select queue, kind, version, count(*), min(run_at)
from windlass.pending
where state in (0, 2) and run_at <= coalesce($1::int8, windlass.now_us())
group by queue, kind, version
order by queue, kind, version
