-- Schedules move on and their jobs are written, each if nobody else was here.
--   $1 int8    now; null is the database's clock
--   $2 text    the firings, a JSON array as windlass.fire takes it
-- Returns the places, from 1, of those written, and the microseconds until the next schedule is due.
with clock as materialized (select coalesce($1::int8, windlass.now_us()) as now),
fired as materialized (
  select coalesce(array_agg(place), '{}') as places from clock, windlass.fire($2::text::jsonb, clock.now) as place
)
select fired.places, windlass.next_fire(clock.now, false) from clock, fired
