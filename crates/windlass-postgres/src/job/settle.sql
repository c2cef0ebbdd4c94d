-- Settles attempts whose leases hold, except plain completions; comes behind fence.sql.
--   $6 int4    how many attempts a history keeps
--   $7 int8[]  jobs, by column: the row of $14… that each has in common with others, from 1
--   $8 uuid[] id · $9 int8[] run_at · $10 int8[] created_at · $11 int8[] microseconds the handler ran
--   $12 text[] args · $13 text[] output
--   $14 uuid[]  what jobs have in common: lease · $15 int4[] attempt · $16 int4[] failures
--   $17 int2[] version · $18 int2[] priority · $19 int2[] losses · $20 int2[] max_attempts
--   $21 text[] queue · $22 text[] kind · $23 uuid[] root · $24 uuid[] parent · $25 text[] origin
--   $26 text[] meta · $27 text[] history · $28 int8[] how many jobs have it in common
--   $29 int2[] state after it · $30 int2[] outcome · $31 int8[] delay in microseconds
--   $32 text[] reason · $33 text[] the attempt as an entry of the history, without its times
--   $34 int8   how long finished jobs are kept, in microseconds
--   $35 text   the worker's label
--   $36 bool   whether what is lost was lost with its worker, and counts as a loss
--   $37 bool   whether one of them stood in line
-- Returns the leases that held. State -1 waits for what its meta says. State 9 marks the place and writes nothing: the job is finished
-- already. A job with a cancel request does not go back to work: cancel.sql writes requests under a lock
-- that the fence does not get past, so that a request is committed before this looks, or else its cancel
-- waits and finds the job where this puts it.
asked as materialized (
  select * from windlass.take_cancel_requests(array(
    select t.id
    from unnest($7::int8[], $8::uuid[]) as t(alike, id)
    join unnest($14::uuid[]) with ordinality as a(lease, nth) on a.nth = t.alike
    join fenced on fenced.id = a.lease))
),
job as (
  select t.id, t.run_at, t.created_at, t.ran, a.attempt, a.version, a.priority, a.max_attempts, a.queue, a.kind,
         t.args, t.output, a.root, a.parent, a.origin, a.meta, t.delay, t.outcome,
         case when c.job is not null and t.state < 5 then 6 else t.state end::int2 as state,
         case when c.job is not null and t.state < 5 then c.reason else t.reason end as reason,
         a.failures + (t.outcome in (1, 2, 3, 4))::int4 as failures,
         -- A job without a limit of losses may reach the end of the type.
         least(a.losses + ($36::bool and t.outcome = 4 and t.state <> 6 and (c.job is null or t.state > 4))::int4, 32767)::int2 as losses,
         case
           when t.entry is null or (t.outcome = 5 and t.ran is null) then a.history
           else (case when jsonb_array_length(past) >= $6::int4 then past - 0 else past end
                 || jsonb_build_array(
                      t.entry::jsonb || jsonb_build_object('started_at', now - t.ran, 'ended_at', now)
                      || case when c.job is not null and t.outcome in (5, 6) then '{"outcome": "cancelled"}' else '{}' end::jsonb))::text
         end as history
  from clock,
       unnest($7::int8[], $8::uuid[], $9::int8[], $10::int8[], $11::int8[], $12::text[], $13::text[], $29::int2[],
              $30::int2[], $31::int8[], $32::text[], $33::text[])
       as t(alike, id, run_at, created_at, ran, args, output, state, outcome, delay, reason, entry)
  join unnest($14::uuid[], $15::int4[], $16::int4[], $17::int2[], $18::int2[], $19::int2[], $20::int2[], $21::text[],
              $22::text[], $23::uuid[], $24::uuid[], $25::text[], $26::text[], $27::text[], $28::int8[])
       with ordinality
       as a(lease, attempt, failures, version, priority, losses, max_attempts, queue, kind, root, parent, origin, meta,
            history, jobs, nth)
    on a.nth = t.alike
  join fenced on fenced.id = a.lease
  left join asked c on c.job = t.id
  cross join lateral (select coalesce(a.history::jsonb, '[]') as past) as p
),
-- A dead job may keep its lane from those behind it.
freed as (
  delete from windlass.permit p using job
  where $37::bool and p.job = job.id and p.lease in (select id from fenced) and not (p.blocks and job.state = 7)
),
-- What breakers count.
failed as (
  insert into windlass.failure (gate, at, job)
  select 'k' || r.name, clock.now, job.id from windlass.limit_rule r join job on job.kind = r.name, clock
  where r.scope = 1 and r.broken_after is not null and job.outcome in (1, 2, 3)
  union all
  select 'y' || r.name || chr(31) || (job.meta::jsonb->'limited'->>'key'), clock.now, job.id
  from windlass.limit_rule r
  join job on strpos(job.meta, '"limited"') > 0 and coalesce(job.meta::jsonb->'limited'->>'name', job.kind) = r.name, clock
  where r.scope = 2 and r.broken_after is not null and job.outcome in (1, 2, 3)
  union all
  select 'q' || r.name, clock.now, job.id from windlass.limit_rule r join job on job.queue = r.name, clock
  where r.scope = 0 and r.broken_after is not null and job.outcome in (1, 2, 3)
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, worker, output, reason, root, parent, origin, meta, history)
  select id, run_at, created_at, now - ran, now, case state when 7 then 9223372036854775807 else now + $34::int8 end,
         attempt, failures, state, version, priority, losses, max_attempts, queue, kind, args, $35::text, output,
         reason, root, parent, origin, meta, history
  from job, clock where state > 4
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, state, case state when 7 then null else ((clock.now + $34::int8) / 86400000000)::int4 end, count(*)
  from job, clock where state > 4 group by queue, state, clock.now
),
back as (
  insert into windlass.pending
    (id, run_at, created_at, attempt, failures, state, version, priority, losses, max_attempts, queue, kind, args,
     root, parent, origin, meta, history, line)
  -- What is handed back at once keeps what it has gained by waiting.
  select id, now + delay, created_at, attempt, failures, state, version,
         case state when 2 then priority else windlass.own_priority(priority, meta) end, losses, max_attempts, queue, kind,
         args, root, parent, origin, case state when 2 then meta else windlass.unaged(meta) end, history, windlass.line_in(meta)
  from job, clock where state < 4
  returning id, state, meta
),
notified as (
  select count(pg_notify(s.channel, ''))
  from (select channel from windlass.idle i
        where exists (select from job where state = 2 and queue = any (i.queues))
        limit (select count(*) from job where state = 2)) as s
),
-- They are written by now, so that of a signal at the same moment and this one sees the other.
waits as materialized (
  select case when -1 = any ($29::int2[])
    then windlass.begin_waits((select now from clock), array(select id from back where state = -1 order by id),
                              array(select meta from back where state = -1 order by id))::text end as nothing
),
told as materialized (
  -- Nobody is asked for where no job waits for the end of another.
  select case when windlass.has_listeners()
    then windlass.tell_ends((select now from clock), array(select id from job where state in (5, 6, 7) order by id),
                            array(select state from job where state in (5, 6, 7) order by id))::text end as nothing
),
deaths as materialized (
  select case when 7 = any ($29::int2[]) then (
    select windlass.tell_dead((select now from clock), array_agg(id order by id), array_agg(kind order by id), array_agg(queue order by id),
             array_agg(attempt order by id), array_agg(failures order by id), array_agg(reason order by id),
             array_agg(history order by id), array_agg(root order by id))::text
    from job where state = 7) end as nothing
)
select id from fenced, notified, told, waits, deaths
