-- Jobs that are due and stand in lines that are not lanes, line by line.
--   $1 int8 now · $2 text[] kinds that are left out · $3 int8 lines · $4 int8 jobs counted of a line
--   $5 int8 lines that have more, which are counted on · $6 int8 how far
-- Returns queue, kind, the name of a limit by key, number, whether there may be more, earliest run_at. The parts of a line
-- are s and a turn's key, the kind, the name of a limit, its key, and so on. State 2 is available.
with recursive line as (
  (select queue, priority, line, 1::int8 as n from windlass.pending
   where state = 2 and line is not null order by queue, priority, line limit 1)
  union all
  select next.queue, next.priority, next.line, line.n + 1
  from line cross join lateral (
    -- All lanes of a queue are passed over at once.
    select p.queue, p.priority, p.line from windlass.pending p
    where p.state = 2 and p.line is not null
      and (p.queue, p.priority, p.line)
          > (line.queue, line.priority, case when line.line >= 'l' and line.line < 'm' then 'm' else line.line end)
    order by p.queue, p.priority, p.line limit 1) as next
  where line.n < $3::int8
),
counted as materialized (
  select line.queue, line.priority, line.line, split_part(line.line, chr(31), 2) as kind,
         nullif(split_part(line.line, chr(31), 3), '') as name, front.jobs, front.oldest
  from line cross join lateral (
    select count(*) as jobs, min(f.run_at) as oldest
    from (select p.run_at from windlass.pending p
          where p.queue = line.queue and p.priority = line.priority and p.state = 2 and p.line = line.line
            and p.line is not null and p.run_at <= $1::int8
          order by (p.attempt = 0), p.created_at, p.id limit $4::int8) as f) as front
  where not (line.line >= 'l' and line.line < 'm') and split_part(line.line, chr(31), 2) <> all ($2::text[])
    and front.jobs > 0
),
long as (
  select c.queue, c.priority, c.line,
         (select count(*) from (select from windlass.pending p
                                where p.queue = c.queue and p.priority = c.priority and p.state = 2 and p.line = c.line
                                  and p.line is not null
                                limit $6::int8) as f) as jobs
  from (select * from counted where jobs >= $4::int8 order by oldest limit $5::int8) as c
)
select c.queue, c.kind, c.name, coalesce(l.jobs, c.jobs), coalesce(l.jobs >= $6::int8, c.jobs >= $4::int8), c.oldest
from counted c left join long l using (queue, priority, line)
