select t.id
from (select coalesce($1::int8, windlass.now_us()) as now) as clock,
     unnest($2::uuid[], $3::text[], $4::text[], $5::int2[], $6::int2[], $7::int2[], $8::int8[], $9::int8[],
            $10::text[], $11::uuid[], $12::uuid[], $13::text[], $14::text[])
       as t(id, queue, kind, version, priority, max_attempts, at, delay, args, root, parent, origin, meta)
where windlass.write_job(clock.now, t.id, true, t.queue, t.kind, t.version, t.priority, t.max_attempts,
                         coalesce(t.at, clock.now + t.delay), t.args, t.root, t.parent, t.origin, t.meta)
