with picked as materialized (
    select ctid
    from pending
    where queue = $1 and state = 2 and run_at <= now()
        and (select set_config('synchronous_commit', 'off', true)) is not null
    order by priority, run_at
    limit $2
    for update skip locked
), taken as (
    delete from pending
    where ctid = any(array(select ctid from picked))
    returning id, queue, kind, version, priority, (attempt + 1)::smallint as attempt,
        run_at, created_at, args, meta, history
), leased as (
    insert into lease (id, worker, claimed_at, size, jobs, settled)
    select $3, $4, now(), count(*), array_agg(taken::leased_job), '{}'
    from taken
    having count(*) > 0
    returning jobs
)
select position::smallint, job.*
from leased, unnest(jobs) with ordinality as job
    (id, queue, kind, version, priority, attempt, run_at, created_at, args, meta, history, position)
