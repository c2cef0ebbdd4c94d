with back as (
    update pending
    set state = 2, lease = null, worker = null,
        history = coalesce(history, '[]')
            || jsonb_build_object('attempt', attempt, 'error', 'worker lost')
    where state = 4 and worker = $1
    returning 1
)
select count(*) from back
