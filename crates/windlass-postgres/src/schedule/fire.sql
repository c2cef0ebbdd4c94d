-- Schedules move on and their jobs are written, each if nobody else was here.
--   $1 int8    now; null is the database's clock
--   $2 text    the firings, a JSON array as windlass.fire takes it
--   $3 text    how long it waits for other transactions
-- Returns the places, from 1, of those written, and the microseconds until the next schedule is due: a second where another
-- transaction keeps one, since it is due all the time.
with clock as materialized (select coalesce($1::int8, windlass.now_us()) as now),
fired as materialized (
  select coalesce(array_agg(place) filter (where place > 0), '{}') as places, bool_or(place < 0) as is_kept
  from clock, windlass.fire($2::text::jsonb, clock.now, $3::text) as place
)
select fired.places, case when fired.is_kept then greatest(windlass.next_fire(clock.now, false), 1000000)
                          else windlass.next_fire(clock.now, false) end
from clock, fired
