-- The same where ids may exist already. Parameters as in enqueue_all.sql:
--   $1 text[] id · $2 text[] queue · $3 text[] kind · $4 int2[] version · $5 int2[] priority
--   $6 int2[] max_attempts · $7 int8[] run_at · $8 int8[] delay · $9 text[] args · $10 text[] root
--   $11 text[] parent · $12 text[] origin · $13 text[] meta · $14 int8 now
-- Returns the ids that were written.
select t.id
from (select coalesce($14::int8, windlass.now_us()) as now) as clock,
     unnest($1::text[], $2::text[], $3::text[], $4::int2[], $5::int2[], $6::int2[], $7::int8[], $8::int8[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
       as t(id, queue, kind, version, priority, max_attempts, at, delay, args, root, parent, origin, meta)
where windlass.write_job(clock.now, t.id::uuid, true, t.queue, t.kind, t.version, t.priority, t.max_attempts,
                         coalesce(t.at, clock.now + t.delay), t.args, t.root::uuid, t.parent::uuid, t.origin, t.meta)
