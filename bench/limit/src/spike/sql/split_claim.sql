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
    returning *
)
insert into running (id, lease, worker, claimed_at, queue, kind, version, priority, attempt,
    run_at, created_at, args, meta, history)
select id, $3, $4, now(), queue, kind, version, priority, attempt + 1,
    run_at, created_at, args, meta, history
from taken
returning 0::smallint as position, id, queue, kind, version, priority, attempt,
    run_at, created_at, args, meta, history
