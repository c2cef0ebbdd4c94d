with report as materialized (
    select *
    from unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::smallint[], $6::text[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
        as report (lease, position, id, state, output, due_at, started_at, finished_at)
), gone as (
    delete from running
    where lease = any($1) and id = any($4)
    returning *
), ended as materialized (
    select gone.worker, report.state, report.output, report.due_at, report.started_at,
        report.finished_at, gone.id, gone.queue, gone.kind, gone.version, gone.priority,
        gone.attempt, gone.run_at, gone.created_at, gone.args, gone.meta, gone.history
    from gone
    join report on report.id = gone.id and report.lease = gone.lease
), done as (
    insert into finished (id, queue, kind, version, state, priority, attempt, run_at, created_at,
        args, meta, history, worker, started_at, finished_at, output, prune_at)
    select id, queue, kind, version, state, priority, attempt, run_at, created_at,
        args, meta, history, worker::text, started_at, finished_at, output,
        finished_at + interval '3 days'
    from ended
    where state = 5
), again as (
    insert into pending (id, queue, kind, version, state, priority, attempt, run_at, created_at,
        args, meta, history)
    select id, queue, kind, version, state, priority, attempt, due_at, created_at, args, meta,
        coalesce(history, '[]') || jsonb_build_object('attempt', attempt, 'error', output)
    from ended
    where state = 3
)
select count(*) from ended
