with dead as (
    delete from running
    where worker = $1
    returning *
), back as (
    insert into pending (id, queue, kind, version, state, priority, attempt, run_at, created_at,
        args, meta, history)
    select id, queue, kind, version, 2, priority, attempt, run_at, created_at, args, meta,
        coalesce(history, '[]') || jsonb_build_object('attempt', attempt, 'error', 'worker lost')
    from dead
    returning 1
)
select count(*) from back
