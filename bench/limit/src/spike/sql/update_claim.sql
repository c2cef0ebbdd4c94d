with picked as materialized (
    select ctid
    from pending
    where queue = $1 and state = 2 and run_at <= now()
        and (select set_config('synchronous_commit', 'off', true)) is not null
    order by priority, run_at
    limit $2
    for update skip locked
)
update pending
set state = 4, lease = $3, worker = $4, attempt = attempt + 1
where ctid = any(array(select ctid from picked))
returning 0::smallint as position, id, queue, kind, version, priority, attempt,
    run_at, created_at, args, meta, history
