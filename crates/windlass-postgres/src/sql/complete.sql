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
-- What jobs have in common comes once: most of a batch differ in six columns only.
alike as (
  select a.*
  from unnest($14::uuid[], $15::int4[], $16::int4[], $17::int2[], $18::int2[], $19::int2[], $20::int2[], $21::text[],
              $22::text[], $23::uuid[], $24::uuid[], $25::text[], $26::text[], $27::text[], $28::int8[])
       with ordinality
       as a(lease, attempt, failures, version, priority, losses, max_attempts, queue, kind, root, parent, origin, meta,
            history, jobs, nth)
  join fenced on fenced.id = a.lease
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, worker, output, root, parent, origin, meta, history)
  select id, run_at, created_at, now - ran, now, now + $6::int8, attempt, failures, 5, version, priority, losses,
         max_attempts, queue, kind, args, $29::text, output, root, parent, origin, meta, history
  from clock,
       unnest($7::int8[], $8::uuid[], $9::int8[], $10::int8[], $11::int8[], $12::text[], $13::text[])
       as t(alike, id, run_at, created_at, ran, args, output)
  join alike on alike.nth = t.alike
  where $30::bool
),
heard as (
  delete from windlass.called_off where job = any ($8::uuid[])
),
counted as (
  insert into windlass.tally (queue, state, shelf, jobs)
  select queue, 5, case when $30::bool then ((clock.now + $6::int8) / 86400000000)::int4 end, sum(jobs)
  from alike, clock group by queue, clock.now
)
select id from fenced
