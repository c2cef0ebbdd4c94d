-- The fence: which leases hold. It stands in front of complete.sql and settle.sql, which write only
-- the jobs of the leases in `fenced`.
--   $1 int8    now; null is the database's clock
--   $2 uuid    the worker
--   $3 uuid[]  leases
--   $4 text[]  for each lease, a mask with a 1 at each place to be settled
--   $5 int2[]  for each lease, the number of these places
-- A lease holds when it is this worker's and none of the places is settled yet. Where the last
-- places are settled, the row goes.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
mark as (
  select m.lease, m.mask::bit varying as mask, m.number
  from unnest($3::uuid[], $4::text[], $5::int2[]) as m(lease, mask, number)
),
-- A transaction in which a handler finishes its job locks the row. Nobody waits for it: what is
-- refused here is sent again.
free as materialized (
  select id from windlass.lease where id = any ($3::uuid[]) and worker = $2::uuid for update skip locked
),
emptied as (
  delete from windlass.lease l using mark m, free f
  where l.id = m.lease and f.id = l.id and l.unsettled = m.number and position(B'1' in (l.settled & m.mask)) = 0
  returning l.id
),
marked as (
  update windlass.lease l set unsettled = l.unsettled - m.number, settled = l.settled | m.mask
  from mark m, free f
  where l.id = m.lease and f.id = l.id and l.unsettled > m.number and position(B'1' in (l.settled & m.mask)) = 0
  returning l.id
),
fenced as (select id from emptied union all select id from marked),
