-- Jobs that match between two ids, newest first. Each part is bounded by its own index and limit, and is left out where no
-- job of it can match: between the ids there may be any number of such.
--   $1 int2[]  states
--   $2 text[]  patterns that the queue fits, all of them · $3 text[] and fits none of these
--   $4 text[]  the same for the kind · $5 text[]
--   $6 uuid    older than this job · $11 uuid not older than this one
--   $7 int8    at most so many
--   $8 text    a JSON path that its meta fits; null is any
--   $9 int8    since · $10 int8 until, by the job's last step; null is any
-- Returns the columns of a job record. State 4 is running, 5 completed, 6 cancelled, 7 dead.
(select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
        args, root, parent, origin, meta, history, reason, null::int8 as started_at,
        null::int8 as finished_at, null::text as worker, null::text as output, false as cancel_requested
   from windlass.pending
   -- Both that wait are 0.
   where $1::int2[] && array[0, 1, 2, 3]::int2[] and greatest(state, 0::int2) = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($8::text is null or coalesce(meta, '{}')::jsonb @@ $8::text::jsonpath)
     and coalesce(created_at >= $9::int8, true) and coalesce(created_at < $10::int8, true)
     and id < $6::uuid and id >= $11::uuid
   order by id desc limit $7::int8)
union all
(select j.id, queue, kind, version, 4::int2, priority, attempt, failures, losses, max_attempts, run_at, created_at,
        args, root, parent, origin, meta, history, null, claimed_at, null, label, null,
        exists (select from windlass.cancel_request c where c.job = j.id)
   from windlass.running_job j
   where 4 = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($8::text is null or coalesce(meta, '{}')::jsonb @@ $8::text::jsonpath)
     and coalesce(claimed_at >= $9::int8, true) and coalesce(claimed_at < $10::int8, true)
     and j.id < $6::uuid and j.id >= $11::uuid
   order by j.id desc limit $7::int8)
union all
(select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
        args, root, parent, origin, meta, history, reason, started_at, finished_at,
        worker, output, false as cancel_requested
   from windlass.finished
   where state in (6, 7) and state = 6 and 6 = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($8::text is null or coalesce(meta, '{}')::jsonb @@ $8::text::jsonpath)
     and coalesce(finished_at >= $9::int8, true) and coalesce(finished_at < $10::int8, true)
     and id < $6::uuid and id >= $11::uuid
   order by id desc limit $7::int8)
union all
(select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
        args, root, parent, origin, meta, history, reason, started_at, finished_at,
        worker, output, false as cancel_requested
   from windlass.finished
   where state in (6, 7) and state = 7 and 7 = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($8::text is null or coalesce(meta, '{}')::jsonb @@ $8::text::jsonpath)
     and coalesce(finished_at >= $9::int8, true) and coalesce(finished_at < $10::int8, true)
     and id < $6::uuid and id >= $11::uuid
   order by id desc limit $7::int8)
union all
(select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
        args, root, parent, origin, meta, history, reason, started_at, finished_at,
        worker, output, false as cancel_requested
   from windlass.finished
   where state = 5 and 5 = any ($1::int2[])
     and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
     and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
     and ($8::text is null or coalesce(meta, '{}')::jsonb @@ $8::text::jsonpath)
     and coalesce(finished_at >= $9::int8, true) and coalesce(finished_at < $10::int8, true)
     and id < $6::uuid and id >= $11::uuid
   order by id desc limit $7::int8)
order by id desc limit $7::int8
