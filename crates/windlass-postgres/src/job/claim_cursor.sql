-- Stores where slow claims of queues begin, for processes that start.
--   $1 text[]  queues · $2 int2[] priority · $3 int8[] run_at
--   $4 int8[]  what a look from the front costs, in microseconds
insert into windlass.claim_cursor (queue, priority, run_at, cost, written_at)
select queue, priority, run_at, cost, windlass.now_us()
from unnest($1::text[], $2::int2[], $3::int8[], $4::int8[]) as c(queue, priority, run_at, cost)
on conflict (queue) do update
set priority = excluded.priority, run_at = excluded.run_at, cost = excluded.cost,
    written_at = excluded.written_at
