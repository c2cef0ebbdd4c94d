with report as materialized (
    select *
    from unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::smallint[], $6::text[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
        as report (lease, position, id, state, output, due_at, started_at, finished_at)
), gone as (
    delete from pending
    where id = any(array(select id from report where state = 5)) and state = 4
        and lease = any($1)
    returning *
), done as (
    insert into finished (id, queue, kind, version, state, priority, attempt, run_at, created_at,
        args, meta, history, worker, started_at, finished_at, output, prune_at)
    select gone.id, gone.queue, gone.kind, gone.version, report.state, gone.priority,
        gone.attempt, gone.run_at, gone.created_at, gone.args, gone.meta, gone.history,
        gone.worker::text, report.started_at, report.finished_at, report.output,
        report.finished_at + interval '3 days'
    from gone
    join report on report.id = gone.id and report.lease = gone.lease
    returning 1
), again as (
    update pending
    set state = 3, run_at = report.due_at, lease = null, worker = null,
        history = coalesce(pending.history, '[]')
            || jsonb_build_object('attempt', pending.attempt, 'error', report.output)
    from report
    where report.state = 3 and pending.id = report.id
        and pending.state = 4 and pending.lease = report.lease
    returning 1
)
select (select count(*) from done) + (select count(*) from again)
