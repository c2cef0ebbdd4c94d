-- Jobs that are out of the way, by kind, version and queue: a jump from one group to the next, and a look at the first jobs of each.
--   $1 text[] kinds that are left out · $2 int8 groups looked at · $3 int8 jobs looked at of each
-- Returns kind, version, queue, number, whether there may be more, and when the oldest of them was due. State 0 is parked.
with recursive place as (
  (select kind, version, queue, 1 as nth from windlass.pending where state = 0 order by kind, version, queue limit 1)
  union all
  select next.kind, next.version, next.queue, place.nth + 1
  from place, lateral (
    select p.kind, p.version, p.queue from windlass.pending p
    where p.state = 0 and (p.kind, p.version, p.queue) > (place.kind, place.version, place.queue)
    order by p.kind, p.version, p.queue limit 1) as next
  where place.nth < $2::int8
)
select place.kind, place.version, place.queue, seen.jobs, seen.jobs >= $3::int8, seen.oldest
from place, lateral (
  select count(*) as jobs, min(first.run_at) as oldest
  from (select p.run_at from windlass.pending p
        where p.state = 0 and p.kind = place.kind and p.version = place.version and p.queue = place.queue limit $3::int8) as first
) as seen
where place.kind <> all ($1::text[]) and seen.jobs > 0
order by place.kind, place.version, place.queue
