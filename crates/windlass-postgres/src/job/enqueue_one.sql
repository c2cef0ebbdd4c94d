-- Writes one job through a function that keeps its plans for the session: drivers that prepare nothing
-- lose nothing. Parameters as in enqueue_fresh.sql, and whether the id may exist:
--   $1 text id · $2 text queue · $3 text kind · $4 int2 version · $5 int2 priority
--   $6 int2 max_attempts · $7 int8 run_at · $8 int8 delay · $9 text args · $10 text root
--   $11 text parent · $12 text origin · $13 text meta · $14 int2 1 where the id may exist
-- Returns 1 where it was written, else 0.
select windlass.write_job(clock.now, $1::text::uuid, $14::int2 = 1, $2::text, $3::text, $4::int2, $5::int2, $6::int2,
                          coalesce($7::int8, clock.now + $8::int8), $9::text, $10::text::uuid, $11::text::uuid,
                          $12::text, $13::text)::int::int8
from (select windlass.now_us() as now) as clock
