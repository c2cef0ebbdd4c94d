-- Makes jobs available at once: those that wait for their time, and those that have ended.
--   $1 int8    now; null is the database's clock · $2 uuid[] jobs
--   $3 text    how long it waits for other transactions
-- Returns the ids of those it changed. Failures and losses begin again at zero, and none of them expires any more. One that has ended, and whose
-- unique key is held by another by now, stays as it is; likewise what windlass.stays_undone says.
with clock as materialized (
  select coalesce($1::int8, windlass.now_us()) as now, set_config('lock_timeout', $3::text, true) as patience
),
advanced as (
  update windlass.pending p
  set state = 2, run_at = clock.now, failures = 0, losses = 0,
      meta = case when windlass.expiry(p.meta, p.created_at) is null then p.meta else windlass.with_expiry(p.meta, null) end
  from clock
  where p.id = any ($2::uuid[]) and p.state in (1, 3) and coalesce(windlass.expiry(p.meta, p.created_at) > clock.now, true)
  returning p.id, p.queue
),
-- Of those with one key one lives again: none of them is there yet when the others ask for it.
chosen as materialized (
  select id from (
    select id, row_number() over (
             partition by kind, case when meta::jsonb->'unique'->>'until' in ('started', 'finished')
                                     then 'key ' || (meta::jsonb->'unique'->>'key') else id::text end
             order by id desc) as nth
    from windlass.finished where id = any ($2::uuid[])) as f
  where nth = 1 and case when exists (select from windlass.batch) then windlass.stays_undone(id) is null else true end
),
revived as (
  delete from windlass.finished f using clock
  where f.id in (select id from chosen) and windlass.retake_key(f.id, f.kind, f.meta, f.attempt, clock.now)
  returning f.*
),
-- What was asked of a job that ended by itself is not asked of its next life.
forgotten as (
  delete from windlass.cancel_request where job in (select id from revived)
),
counted as (
  insert into windlass.job_count (queue, state, prune_day, jobs)
  select queue, state, case state when 7 then null else (prune_at / 86400000000)::int4 end, -count(*)
  from revived group by 1, 2, 3
),
back as (
  insert into windlass.pending
    (id, run_at, created_at, attempt, state, version, priority, max_attempts, queue, kind, args, root, parent, origin,
     meta, history, line)
  select id, now, created_at, attempt, 2, version, windlass.own_priority(priority, meta), max_attempts, queue, kind, args, root,
         parent, origin,
         windlass.unaged(case when windlass.expiry(meta, created_at) is null then meta else windlass.with_expiry(meta, null) end),
         history,
         windlass.line_in(meta)
  from revived, clock
),
rejoined as materialized (
  select case when exists (select from windlass.batch) then windlass.rejoin_batches(array(select id from revived))::text end as nothing
),
notified as (
  select count(pg_notify(s.channel, ''))
  from (select channel from windlass.idle i
        where exists (select from revived where queue = any (i.queues))
           or exists (select from advanced where queue = any (i.queues))) as s
)
select id from revived, notified, rejoined
union all
select id from advanced
