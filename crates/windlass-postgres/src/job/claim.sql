-- Claims available jobs: takes them out of `pending` and writes one lease for all of them.
--   $1 int8    now; null is the database's clock
--   $2 uuid    the lease · $3 uuid the worker
--   $4 text[]  queues, served in this order · $5 int4[] at most so many jobs of each
--   $6 int2[]  claim cursor of each queue: priority · $7 int8[] run_at
--   $8 int4    at most so many jobs · $9 int8 bytes of args; one larger job is still taken
--   $10 text[] kinds and versions the worker knows, as kind@version
--   $11 text   the worker's label
--   $12 text   channel to notify once there is work, null where the worker is known as idle or
--              cannot be notified · $13 text[] the queues it serves
--   $14 bool   whether the worker is known as idle
-- Returns the jobs with their attempts counted, and the moment. State 2 is available.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
share as (
  select s.queue, s.jobs, s.from_priority, s.from_run_at
  from unnest($4::text[], $5::int4[], $6::int2[], $7::int8[])
       with ordinality as s(queue, jobs, from_priority, from_run_at, turn)
  where not exists (select from windlass.queue q, clock where q.name = s.queue and q.paused_at is not null
                      and coalesce(q.paused_until > clock.now, true))
    and not exists (select from windlass.limit_rule r where r.scope = 0 and r.name = s.queue)
    -- What a worker claims that was taken for dead would be taken back at once, as lost.
    and exists (select from windlass.worker w where w.id = $3::uuid)
  order by s.turn
),
paused as (
  select array_agg(k.kind) as kinds from windlass.paused_kind k, clock where coalesce(k.paused_until > clock.now, true)
),
picked as (
  select p.place, octet_length(p.args) as bytes, share.queue, share.jobs as part, p.priority, p.nth
  from share cross join lateral (
    select f.*, row_number() over () as nth
    from (
      select ctid as place, args, priority from windlass.pending
      where queue = share.queue and state = 2 and line is null
        and (priority, run_at) >= (share.from_priority, share.from_run_at)
        and kind <> all (array(select name from windlass.limit_rule where scope = 1))
        and ((select kinds from paused) is null or kind <> all ((select kinds from paused)::text[]))
        and kind || '@' || version = any ($10::text[]) and (meta is null or coalesce(windlass.expiry(meta, created_at) > (select now from clock), true))
      order by priority, run_at
      limit share.jobs
      for update skip locked
    ) as f
  ) as p
  limit $8::int4
),
-- Jobs that stand in line, or are to: beside those that stand in none they have their part. Nothing is asked where there
-- are none.
lined as materialized (
  select h.*
  from clock, (
         select coalesce(jsonb_object_agg(queue, jsonb_build_array(priorities, numbers)), '{}') as jobs
         from (select queue, array_agg(priority) as priorities, array_agg(jobs) as numbers
               from (select queue, priority, count(*) as jobs from picked group by queue, priority) as p group by queue) as q
       ) as plain,
       lateral windlass.claim_lines(clock.now, $2::uuid, $4::text[], $5::int4[], plain.jobs, $8::int4, $9::int8,
                                    case when (select kinds from paused) is null then $10::text[] else array(
                                      select h from unnest($10::text[]) h
                                      where split_part(h, '@', 1) <> all ((select kinds from paused)::text[])) end) with ordinality
       as h(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args, root,
            parent, origin, meta, history, nth)
  where (exists (select from windlass.pending where state = 2 and line is not null and queue = any ($4::text[]))
         or exists (select from windlass.limit_rule where scope < 2))
    and exists (select from windlass.worker w where w.id = $3::uuid)
),
taken as (
  select queue, count(*) as jobs from lined group by queue
),
fitting as (
  select place, sum(bytes) over so_far as bytes, row_number() over so_far as nth
  from picked
  where nth + coalesce((select jobs from taken where taken.queue = picked.queue), 0) <= part
  window so_far as (rows unbounded preceding)
),
claimed as (
  delete from windlass.pending
  where ctid = any (array(
    select place
    from fitting, (select count(*) as jobs, coalesce(sum(octet_length(args)), 0) as bytes from lined) as l
    where fitting.nth + l.jobs <= $8::int4 and (fitting.bytes + l.bytes <= $9::int8 or fitting.nth + l.jobs = 1)))
  returning id, run_at, created_at, attempt + 1 as attempt, failures, version, priority, losses, max_attempts,
            queue, kind, args, root, parent, origin, meta, history
),
held as (
  select id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args, root, parent,
         origin, meta, history, nth::int4 as turn
  from lined
  union all
  select claimed.*, null::int4 from claimed
),
leased as (
  insert into windlass.lease (id, worker, claimed_at, unsettled, settled, label, jobs)
  select $2::uuid, $3::uuid, clock.now, batch.number, repeat('0', batch.number)::bit varying, $11::text, batch.jobs
  from clock, (
    -- In the order of the rows below: a job's place in its lease is its place in the answer.
    select count(*)::int4 as number,
           array_agg(row(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue,
                         kind, args, root, parent, origin, meta, history)::windlass.held_job) as jobs
    from held
  ) as batch
  where batch.number > 0
),
idle as (
  insert into windlass.idle (worker, channel, queues)
  select $3::uuid, $12::text, $13::text[]
  where $12::text is not null and not exists (select from held)
  on conflict (worker) do nothing
),
busy as (
  delete from windlass.idle where worker = $3::uuid and $14::bool and exists (select from held)
)
select id, queue, kind, version, priority, attempt, failures, losses, max_attempts, args, root, meta, run_at,
       created_at, parent, origin, history,
       -- Losing a claim in a crash of the server only means that the jobs are claimed again.
       (select case when set_config('synchronous_commit', 'off', true) is not null then now end from clock),
       turn
from held
