-- Has the source $2 go on at $1, or now where that is null: a paused one where it stood, one that has stopped behind its gap, which is
-- closed by that. Waits as long as $3 for another one that has it. A row where it stood still.
with moment as (select coalesce($1::int8, windlass.now_us()) as us, set_config('lock_timeout', $3::text, true) as setting),
closed as (
  update windlass.source_gap g set closed_at = m.us from moment m
  where m.setting is not null and g.source = $2::text and g.closed_at is null and g.answer = 'stop'
)
update windlass.source s set
  cursor = case s.state when 'stopped' then s.then_cursor else s.cursor end,
  number = case s.state when 'stopped' then s.then_number else s.number end,
  generation = case s.state when 'stopped' then s.then_generation else s.generation end,
  then_cursor = null, then_number = null, then_generation = null,
  state = 'running', reason = null, changed_at = m.us
from moment m
where m.setting is not null and s.name = $2::text and s.state <> 'running'
returning 1
