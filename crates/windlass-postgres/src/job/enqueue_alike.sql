-- Writes jobs that differ only in id and args and are due at once: the usual bulk.
--   $1 int8    now; null is the database's clock
--   $2 uuid[]  ids · $3 text queue · $4 text kind · $5 int2 version · $6 int2 priority
--   $7 int2    max_attempts · $8 text[] args · $9 text origin
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
written as (
  insert into windlass.pending
    (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args, origin)
  select t.id, clock.now, clock.now, 2, $5::int2, $6::int2, $7::int2, $3::text, $4::text, t.args, $9::text
  from unnest($2::uuid[], $8::text[]) as t(id, args), clock
)
select count(pg_notify(s.channel, ''))
from (select channel from windlass.idle where $3::text = any (queues) limit cardinality($2::uuid[])) as s
