-- The limits that are set, and what of them is used.
--   $1 int8    now; null is the database's clock
-- Returns a row for each.
with clock as (select coalesce($1::int8, windlass.now_us()) as now)
select r.scope, r.name, r.running, r.tokens, r.tokens_per, r.tokens_burst, r.broken_after, r.broken_within, r.broken_for,
       r.origin, r.note, r.set_at,
       (select count(*) from windlass.permit m
        where (m.gate = g.gate or r.scope = 2 and m.gate > g.gate || chr(31) and m.gate < g.gate || chr(32))
          and exists (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0)) as running_now,
       (select count(*) from (
          select from windlass.permit m
          where r.scope = 2 and m.gate > g.gate || chr(31) and m.gate < g.gate || chr(32)
            and exists (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0)
          group by m.gate having count(*) >= r.running) as f) as full_keys,
       case when r.scope < 2 and r.tokens is not null then coalesce(
         (select windlass.tokens_of(b, r, clock.now) from windlass.bucket b where b.gate = g.gate), r.tokens_burst) end as tokens_now,
       (select min(b.opened_at) from windlass.breaker b
        where r.broken_after is not null and (b.gate = g.gate or r.scope = 2 and b.gate > g.gate || chr(31) and b.gate < g.gate || chr(32))) as open_since,
       r.reserved::text as reserved
from windlass.limit_rule r, clock,
     lateral (select (array['q', 'k', 'y'])[r.scope + 1] || r.name as gate) as g
order by r.scope, r.name
