with dead as (
    delete from lease
    where worker = $1
    returning jobs, settled
), back as (
    insert into pending (id, queue, kind, version, state, priority, attempt, run_at, created_at,
        args, meta, history)
    select id, queue, kind, version, 2, priority, attempt, run_at, created_at, args, meta,
        coalesce(history, '[]') || jsonb_build_object('attempt', attempt, 'error', 'worker lost')
    from dead
    cross join lateral unnest(dead.jobs) with ordinality as job
        (id, queue, kind, version, priority, attempt, run_at, created_at, args, meta, history, position)
    where get_bit(dead.settled, position::int - 1) = 0
    returning 1
)
select count(*) from back
