-- Of these jobs those that match, newest first. Parameters as in find.sql, and the jobs:
--   $1 int2[]  states · $2 text[] the queue fits all of them · $3 text[] and none of these · $4 text[] the same for the
--   kind · $5 text[] · $6 uuid older than this job · $7 int8 at most so many · $8 text a JSON path that its meta fits
--   $9 int8    since · $10 int8 until · $11 uuid[] the jobs
-- Returns the columns of a job record. State 4 is running.
select * from (
  select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         args, root, parent, origin, meta, history, reason, null::int8 as started_at,
         null::int8 as finished_at, null::text as worker, null::text as output, false as cancel_requested,
         created_at as moment
  from windlass.pending where id = any ($11::uuid[])
  union all
  select j.id, queue, kind, version, 4::int2, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         args, root, parent, origin, meta, history, null, claimed_at, null, label, null,
         exists (select from windlass.cancel_request c where c.job = j.id), claimed_at
  from windlass.running_job j where j.id = any ($11::uuid[])
  union all
  select id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         args, root, parent, origin, meta, history, reason, started_at, finished_at,
         worker, output, false, finished_at
  from windlass.finished where id = any ($11::uuid[])
) as job
where greatest(state, 0::int2) = any ($1::int2[])
  and queue ~ all ($2::text[]) and not (queue ~ any ($3::text[]))
  and kind ~ all ($4::text[]) and not (kind ~ any ($5::text[]))
  and ($8::text is null or coalesce(meta, '{}')::jsonb @@ $8::text::jsonpath)
  and coalesce(moment >= $9::int8, true) and coalesce(moment < $10::int8, true)
  and id < $6::uuid
order by id desc limit $7::int8
