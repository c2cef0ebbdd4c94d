-- Jobs that run for too long, the longest first: half as long again as their kind is expected to, or as long as given.
--   $1 int8 now · $2 text[] kinds that are left out · $3 int8 microseconds for kinds that expect nothing · $4 int8 so many
-- Returns id, kind, queue, worker, since when, and the time that is expected.
select r.id, r.kind, r.queue, r.label, r.claimed_at, e.us
from windlass.running_job r
left join windlass.expected_run e on e.worker = r.worker and e.kind = r.kind
where r.claimed_at <= $1::int8 - least($3::int8, (select min(us) from windlass.expected_run))
  and r.claimed_at <= $1::int8 - coalesce(e.us + e.us / 2, $3::int8)
  and r.kind <> all ($2::text[])
order by r.claimed_at, r.id
limit $4::int8
