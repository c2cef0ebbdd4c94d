-- A function keeps its plans for the session, so that drivers that prepare nothing lose nothing.
select windlass.write_job(clock.now, $1::text::uuid, $14::int2 = 1, $2::text, $3::text, $4::int2, $5::int2, $6::int2,
                          coalesce($7::int8, clock.now + $8::int8), $9::text, $10::text::uuid, $11::text::uuid,
                          $12::text, $13::text)::int::int8
from (select windlass.now_us() as now) as clock
