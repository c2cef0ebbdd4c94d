with closed as (
    delete from lease
    where id = $1 and bit_count(settled) = 0
    returning worker, jobs
)
insert into finished (id, queue, kind, version, state, priority, attempt, run_at, created_at,
    args, meta, history, worker, started_at, finished_at, prune_at)
select id, queue, kind, version, 5, priority, attempt, run_at, created_at,
    args, meta, history, worker::text, $2, now(), now() + interval '3 days'
from closed, unnest(jobs)
