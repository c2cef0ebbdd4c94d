-- Holds the source $2 for the holder $3, for $4 microseconds from $1 on, or from now on where that is null: if nobody else holds it.
-- What is to begin later than now by more than it lasts counts for nothing: the clock was set back. Waits as long as $8 for another
-- one that has the source. Notes that its feed was asked, and is asked again after $5 microseconds, where that is not null, and why
-- it gave no page ($6), $7 times in a row. Whether there is such a source, and where it is held: the epoch, the state, the position,
-- and from which number on records are not believed in that lie above the head.
with moment as (select coalesce($1::int8, windlass.now_us()) as us, set_config('lock_timeout', $8::text, true) as setting),
held as (
  update windlass.source s set
    epoch = case when s.holder = $3::text then s.epoch else s.epoch + 1 end,
    holder = $3::text, held_until = m.us + $4::int8, held_for = $4::int8,
    polled_at = case when $5::int8 is null then s.polled_at else m.us end,
    next_at = case when $5::int8 is null then s.next_at else m.us + $5::int8 end,
    error = case when $5::int8 is null then s.error else $6::text end,
    error_at = case when $6::text is null then s.error_at else m.us end,
    failures = case when $5::int8 is null then s.failures else $7::int8::integer end
  from moment m
  where m.setting is not null and s.name = $2::text
    and (s.holder is null or s.holder = $3::text or s.held_until <= m.us or s.held_until > m.us + 2 * s.held_for)
  returning s.epoch, s.state, s.cursor, s.number, s.generation, s.disowned
)
select exists (select from windlass.source o where o.name = $2::text), h.epoch, h.state, h.cursor, h.number, h.generation, h.disowned
from (values (1)) as one left join held h on true
