select queue, 2::int2, count(*) from windlass.pending where state = 2 group by queue
union all
select queue, state, count(*) from windlass.pending where state in (1, 3) group by queue, state
union all
select queue, 0::int2, count(*) from windlass.pending where state = 0 group by queue
union all
select j.queue, 4::int2, count(*)
from windlass.lease l, unnest(l.jobs) with ordinality as
  j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
    root, parent, origin, meta, history, place)
where get_bit(l.settled, (j.place - 1)::int4) = 0
group by j.queue
union all
select queue, state, sum(jobs)::int8 from windlass.tally group by queue, state
