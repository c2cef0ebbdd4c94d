-- Lanes that stand still behind a dead job, the longest first.
--   $1 int8 lanes · $2 int8 jobs counted behind each
-- Returns the lane, the job, its kind, why and when it died, and how many wait behind it. State 7 is dead.
select substr(b.gate, 2), b.job, b.kind, b.reason, b.finished_at,
       (select count(*) from (select from windlass.pending p
                              where p.line = b.gate and p.line >= 'l' and p.line < 'm'
                                and (abs(p.state) = 1 and p.attempt = 0) = false
                              limit $2::int8) as f)
from (select m.gate, m.job, d.kind, d.reason, d.finished_at
      from windlass.permit m join windlass.finished d on d.id = m.job and d.state = 7
      where m.blocks order by d.finished_at, m.gate limit $1::int8) as b
order by b.finished_at, b.gate
