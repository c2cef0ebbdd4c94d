select id, queue, kind, version, state as state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args,
       root, parent, origin, meta, history, reason as reason, null::int8 as started_at, null::int8 as finished_at, null::text as worker, null::text as output,
       false as cancel_requested
from windlass.pending where id = $1::uuid
union all
select j.id, j.queue, j.kind, j.version, 4::int2, j.priority, j.attempt, j.failures, j.losses, j.max_attempts, j.run_at,
       j.created_at, j.args, j.root, j.parent, j.origin, j.meta, j.history,
       null::text, l.claimed_at, null::int8, l.label, null::text,
       exists (select from windlass.called_off c where c.job = j.id)
from windlass.lease l, unnest(l.jobs) with ordinality as
  j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
    root, parent, origin, meta, history, place)
where j.id = $1::uuid and get_bit(l.settled, (j.place - 1)::int4) = 0
union all
select id, queue, kind, version, state as state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args,
       root, parent, origin, meta, history, reason as reason, started_at as started_at, finished_at as finished_at, worker as worker, output as output,
       false as cancel_requested
from windlass.finished where id = $1::uuid
limit 1
