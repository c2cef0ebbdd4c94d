select id, queue, state from windlass.pending where id = any ($1::uuid[])
union all
select j.id, j.queue, 4::int2
from windlass.lease l, unnest(l.jobs) with ordinality as
  j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
    root, parent, origin, meta, history, place)
where j.id = any ($1::uuid[]) and get_bit(l.settled, (j.place - 1)::int4) = 0
union all
select id, queue, state from windlass.finished where id = any ($1::uuid[])
