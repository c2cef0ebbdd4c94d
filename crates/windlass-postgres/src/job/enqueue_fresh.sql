-- Writes one job whose id is new, for callers that prepare it: the cheapest way in. The moment is that
-- of the statement, so that every use of it here is the same.
--   $1 text id · $2 text queue · $3 text kind · $4 int2 version · $5 int2 priority
--   $6 int2 max_attempts · $7 int8 run_at, or null and $8 int8 delay in microseconds
--   $9 text args · $10 text root · $11 text parent · $12 text origin · $13 text meta
-- Returns 1.
insert into windlass.pending
  (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args, root, parent, origin, meta, line)
values (
  $1::text::uuid,
  coalesce($7::int8, (date_part('epoch', statement_timestamp()) * 1000000)::int8 + $8::int8),
  (date_part('epoch', statement_timestamp()) * 1000000)::int8,
  case when coalesce($7::int8 > (date_part('epoch', statement_timestamp()) * 1000000)::int8, $8::int8 > 0)
    then 1 else 2 end,
  $4::int2, $5::int2, $6::int2, $2::text, $3::text, $9::text, $10::text::uuid, $11::text::uuid, $12::text, $13::text,
  windlass.line_in($13::text))
returning 1::int8, (
  select pg_notify(channel, '') from windlass.idle where state = 2 and queue = any (queues) limit 1)
