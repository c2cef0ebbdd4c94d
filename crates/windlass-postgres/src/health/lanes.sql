-- Lanes with jobs that wait, in the order of their keys.
--   $1 int8 lanes · $2 int8 jobs counted of a lane · $3 int8 lanes that have more, which are counted on · $4 int8 how far
-- Returns the lane, the number, whether there may be more, the first job with queue, kind, state and run_at, and whether
-- another has the lane. A job that is due later has no place in it yet. States: 1 scheduled, 7 dead.
with recursive lane as (
  (select line, 1::int8 as n from windlass.pending where line >= 'l' and line < 'm' order by line limit 1)
  union all
  select next.line, lane.n + 1
  from lane cross join lateral (
    select p.line from windlass.pending p where p.line > lane.line and p.line >= 'l' and p.line < 'm'
    order by p.line limit 1) as next
  where lane.n < $1::int8
),
counted as materialized (
  select lane.line, front.jobs
  from lane cross join lateral (
    select count(*) as jobs
    from (select from windlass.pending p
          where p.line = lane.line and p.line >= 'l' and p.line < 'm' and (abs(p.state) = 1 and p.attempt = 0) = false
          limit $2::int8) as f) as front
  where front.jobs > 0
),
long as (
  select c.line,
         (select count(*) from (select from windlass.pending p
                                where p.line = c.line and p.line >= 'l' and p.line < 'm'
                                  and (abs(p.state) = 1 and p.attempt = 0) = false
                                limit $4::int8) as f) as jobs
  from (select line from counted where jobs >= $2::int8 order by line limit $3::int8) as c
)
select substr(c.line, 2), coalesce(l.jobs, c.jobs), coalesce(l.jobs >= $4::int8, c.jobs >= $2::int8),
       f.id, f.queue, f.kind, f.state, f.run_at,
       exists (select from windlass.permit m
               where m.gate = c.line and m.job <> f.id
                 and (exists (select from windlass.lease e where e.id = m.lease and get_bit(e.settled, m.place - 1) = 0)
                      or m.blocks and exists (select from windlass.finished d where d.id = m.job and d.state = 7)))
from counted c
left join long l using (line)
cross join lateral (
  select id, queue, kind, state, run_at from windlass.pending p
  where p.line = c.line and p.line >= 'l' and p.line < 'm'
  order by (abs(state) = 1 and attempt = 0), (attempt = 0), created_at, id limit 1) as f
order by c.line
