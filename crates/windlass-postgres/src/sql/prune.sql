-- Jobs of the default shelf whose time is over; whole days go with their shelves.
with gone as (
  delete from windlass.finished_default
  where ctid = any (array(
    select ctid from windlass.finished_default
    where prune_at <= $1::int8 and prune_at < 9223372036854775807 order by prune_at limit $2::int8))
  returning id, queue, state, prune_at
),
counted as (
  insert into windlass.tally (queue, state, shelf, jobs)
  select queue, state, (prune_at / 86400000000)::int4, -count(*) from gone group by queue, state, prune_at / 86400000000
  union all
  select queue, 8, null, count(*) from gone group by queue
)
select id from gone
