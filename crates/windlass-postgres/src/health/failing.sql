-- Jobs that failed often and are to be tried again, by kind: those of the jobs that are due next.
--   $1 int4 failures · $2 text[] kinds that are left out · $3 int8 jobs looked at
--   $4 int8 jobs that are named
-- Returns kind, number, whether there may be more, the most failures, the job that has them, and the first jobs. State 3 is retryable.
with next as materialized (
  select state, kind, failures, id from windlass.pending where state in (1, 3) order by run_at limit $3::int8
)
select kind, count(*), (select count(*) from next) >= $3::int8, max(failures),
       (array_agg(id order by failures desc, id))[1], (array_agg(id order by failures desc, id))[1:$4::int8::int4]
from next
where state = 3 and failures >= $1::int4 and kind <> all ($2::text[])
group by kind
order by kind
