with clock as (select coalesce($1::int8, windlass.now_us()) as now),
gone as (
  delete from windlass.pending where id = any ($2::uuid[])
  returning *
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, reason, root, parent, origin, meta, history)
  select id, run_at, created_at, null, now, now + $4::int8, attempt, failures, 6, version, priority, losses,
         max_attempts, queue, kind, args, $3::text, root, parent, origin, meta, history
  from gone, clock
),
counted as (
  insert into windlass.tally (queue, state, shelf, jobs)
  select queue, 6, ((clock.now + $4::int8) / 86400000000)::int4, count(*) from gone, clock group by queue, clock.now
),
held as (
  select j.id, l.worker
  from windlass.lease l, unnest(l.jobs) with ordinality as
    j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
      root, parent, origin, meta, history, place)
  where j.id = any ($2::uuid[]) and get_bit(l.settled, (j.place - 1)::int4) = 0
),
asked as (
  insert into windlass.called_off (job, worker, reason)
  select id, worker, $3::text from held
  on conflict (job) do update set worker = excluded.worker, reason = excluded.reason
  returning job, worker
),
told as (
  update windlass.worker set attention = true where id in (select worker from asked)
)
select id, false from gone
union all
select job, true from asked
