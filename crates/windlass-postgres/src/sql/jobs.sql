(select id, queue, kind, version, state as state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args,
       root, parent, origin, meta, history, reason as reason, null::int8 as started_at, null::int8 as finished_at, null::text as worker, null::text as output,
       false as cancel_requested
   from windlass.pending
   where state = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($6::uuid is null or id < $6::uuid)
   order by id desc limit $7::int8)
union all
(select j.id, j.queue, j.kind, j.version, 4::int2, j.priority, j.attempt, j.failures, j.losses, j.max_attempts, j.run_at,
       j.created_at, j.args, j.root, j.parent, j.origin, j.meta, j.history,
       null::text, l.claimed_at, null::int8, l.label, null::text,
       exists (select from windlass.called_off c where c.job = j.id)
 from windlass.lease l, unnest(l.jobs) with ordinality as
  j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
    root, parent, origin, meta, history, place)
   where 4 = any ($1::int2[])
     and get_bit(l.settled, (j.place - 1)::int4) = 0
     and j.queue ~ all ($2::text[]) and not (j.queue ~ any ($3::text[]))
     and j.kind ~ all ($4::text[]) and not (j.kind ~ any ($5::text[]))
     and ($6::uuid is null or j.id < $6::uuid)
   order by j.id desc limit $7::int8)
union all
(select id, queue, kind, version, state as state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args,
       root, parent, origin, meta, history, reason as reason, started_at as started_at, finished_at as finished_at, worker as worker, output as output,
       false as cancel_requested
   from windlass.finished
   where state in (6, 7) and state = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($6::uuid is null or id < $6::uuid)
   order by id desc limit $7::int8)
union all
(select id, queue, kind, version, state as state, priority, attempt, failures, losses, max_attempts, run_at, created_at, args,
       root, parent, origin, meta, history, reason as reason, started_at as started_at, finished_at as finished_at, worker as worker, output as output,
       false as cancel_requested
   from windlass.finished
   where state = 5 and state = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($6::uuid is null or id < $6::uuid)
   order by id desc limit $7::int8)
order by id desc limit $7::int8
