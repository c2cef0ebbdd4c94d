-- Writes jobs whose ids may exist already. Parameters as in enqueue.sql:
--   $1 int8 now · $2 uuid[] id · $3 text[] queue · $4 text[] kind · $5 int2[] version
--   $6 int2[] priority · $7 int2[] max_attempts · $8 int8[] run_at · $9 int8[] delay
--   $10 text[] args · $11 uuid[] root · $12 uuid[] parent · $13 text[] origin · $14 text[] meta
-- Returns the ids that were written.
select t.id
from (select coalesce($1::int8, windlass.now_us()) as now) as clock,
     unnest($2::uuid[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::int2[], $8::int8[], $9::int8[],
            $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[])
       as t(id, queue, kind, version, priority, max_attempts, at, delay, args, root, parent, origin, meta)
where windlass.write_job(clock.now, t.id, true, t.queue, t.kind, t.version, t.priority, t.max_attempts,
                         coalesce(t.at, clock.now + t.delay), t.args, t.root, t.parent, t.origin, t.meta)
