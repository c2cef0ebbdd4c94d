-- Writes steps of a running attempt, while its lease holds.
--   $1 int8    now; null is the database's clock
--   $2 uuid    its lease · $3 uuid the worker · $4 int2 its place in the lease, from 1
--   $5 uuid    the job · $6 int8 when the job was written
--   $7 int4[]  numbers · $8 text[] names · $9 int2[] forms · $10 text[] outputs
--   $11 int8[] until when they last · $12 int8[] or for so many microseconds from now
--   $13 int4   the last number of the list: those behind it are removed; null keeps them
-- Returns 0 where it wrote, 1 where the lease is lost, 2 where somebody else has it locked.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
held as materialized (select from windlass.hold(array[$2::uuid], array[$3::uuid], array[$4::int2])),
ended as (
  delete from windlass.step using held where job = $5::uuid and nth > $13::int4
),
written as (
  insert into windlass.step as s (job, nth, name, form, output, until, at, created_at)
  select $5::uuid, t.nth, t.name, t.form, t.output, coalesce(t.until, clock.now + t.lasts), clock.now, $6::int8
  from held, clock, unnest($7::int4[], $8::text[], $9::int2[], $10::text[], $11::int8[], $12::int8[])
    as t(nth, name, form, output, until, lasts)
  on conflict (job, nth) do update
  set name = excluded.name, form = excluded.form, output = excluded.output, until = excluded.until, at = excluded.at,
      created_at = excluded.created_at
)
select case when exists (select from held) then 0 else windlass.not_held($2::uuid, $3::uuid, $4::int2) end
