-- Has the source $2 go on at $1, or now where that is null, behind the cursor $3, or with the oldest record of its feed where that is
-- null. Who holds it finds another epoch. Waits as long as $4 for another one that has it. A row where there is such a source.
with moment as (select coalesce($1::int8, windlass.now_us()) as us, set_config('lock_timeout', $4::text, true) as setting),
closed as (
  update windlass.source_gap g set closed_at = m.us from moment m
  where m.setting is not null and g.source = $2::text and g.closed_at is null and g.answer = 'stop'
)
update windlass.source s set
  epoch = s.epoch + 1, cursor = $3::text, number = null, generation = coalesce(s.then_generation, s.generation),
  then_cursor = null, then_number = null, then_generation = null, disowned = null, head = null, error = null, failures = 0,
  reason = case s.state when 'stopped' then null else s.reason end,
  changed_at = case s.state when 'stopped' then m.us else s.changed_at end,
  state = case s.state when 'stopped' then 'running' else s.state end
from moment m
where m.setting is not null and s.name = $2::text
returning 1
