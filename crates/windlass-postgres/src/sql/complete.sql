with clock as (select coalesce($1::int8, windlass.now_us()) as now),
mark as (
  select m.lease, m.mask::bit varying as mask, m.number
  from unnest($3::uuid[], $4::text[], $5::int2[]) as m(lease, mask, number)
),
-- A transaction in which a handler finishes its job holds the row: the others wait for their next
-- turn instead of for that.
free as materialized (
  select id from windlass.lease where id = any ($3::uuid[]) and worker = $2::uuid for update skip locked
),
ended as (
  delete from windlass.lease l using mark m, free f
  where l.id = m.lease and f.id = l.id and l.unsettled = m.number and position(B'1' in (l.settled & m.mask)) = 0
  returning l.id
),
kept as (
  update windlass.lease l set unsettled = l.unsettled - m.number, settled = l.settled | m.mask
  from mark m, free f
  where l.id = m.lease and f.id = l.id and l.unsettled > m.number and position(B'1' in (l.settled & m.mask)) = 0
  returning l.id
),
fenced as (select id from ended union all select id from kept),
job as (
  select t.*
  from unnest($7::uuid[], $8::uuid[], $9::int8[], $10::int8[], $11::int8[], $12::int4[], $13::int4[], $14::int2[],
              $15::int2[], $16::int2[], $17::int2[], $18::text[], $19::text[], $20::text[], $21::text[], $22::uuid[],
              $23::uuid[], $24::text[], $25::text[], $26::text[])
       as t(lease, id, run_at, created_at, ran, attempt, failures, version, priority, losses, max_attempts, queue,
            kind, args, output, root, parent, origin, meta, history)
  join fenced on fenced.id = t.lease
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, worker, output, root, parent, origin, meta, history)
  select id, run_at, created_at, now - ran, now, now + $6::int8, attempt, failures, 5, version, priority, losses,
         max_attempts, queue, kind, args, $27::text, output, root, parent, origin, meta, history
  from job, clock where $28::bool
),
heard as (
  delete from windlass.called_off where job = any ($8::uuid[])
),
counted as (
  insert into windlass.tally (queue, state, shelf, jobs)
  select queue, 5, case when $28::bool then ((clock.now + $6::int8) / 86400000000)::int4 end, count(*) from job, clock group by queue, clock.now
)
select id from fenced
