-- Writes jobs of which some are unique, all or none, with binds that every driver knows. Parameters as in
-- enqueue_all.sql, and whether each id may exist:
--   $1 text[] id · $2 text[] queue · $3 text[] kind · $4 int2[] version · $5 int2[] priority
--   $6 int2[] max_attempts · $7 int8[] run_at · $8 int8[] delay · $9 text[] args · $10 text[] root
--   $11 text[] parent · $12 text[] origin · $13 text[] meta · $14 int2[] 1 where the id may exist
--   $15 int8  now; null is the database's clock · $16 text how long it waits for other transactions, null for ever
-- Returns a row for each job, or one for the job that was rejected: its place, the answer and the job it is about, as
-- text with a space between them.
select nth || ' ' || answer || ' ' || job
from windlass.write_jobs(coalesce($15::int8, windlass.now_us()), $1::text[]::uuid[], $14::int2[], $2::text[], $3::text[],
       $4::int2[], $5::int2[], $6::int2[], $7::int8[], $8::int8[], $9::text[], $10::text[]::uuid[], $11::text[]::uuid[],
       $12::text[], $13::text[], $16::text)
