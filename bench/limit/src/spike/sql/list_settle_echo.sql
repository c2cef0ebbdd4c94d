with report as materialized (
    select *
    from unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::smallint[], $6::text[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[],
            $12::smallint[], $13::smallint[], $14::smallint[], $15::timestamptz[],
            $16::timestamptz[], $17::text[], $18::text[], $19::jsonb[])
        as report (lease, position, id, state, output, due_at, started_at, finished_at, queue, kind,
            version, priority, attempt, run_at, created_at, args, meta, history)
), held as materialized (
    select id, worker, size, settled
    from lease
    where id = any($1)
    order by id
    for update
), ended as materialized (
    select held.worker, report.*
    from report
    join held on held.id = report.lease
    where report.position <> all (held.settled)
), tally as materialized (
    select lease, array_agg(position) as positions
    from ended
    group by lease
), closed as (
    delete from lease
    using held, tally
    where lease.id = held.id and tally.lease = held.id
        and cardinality(held.settled) + cardinality(tally.positions) = held.size
), kept as (
    update lease
    set settled = held.settled || tally.positions
    from held, tally
    where lease.id = held.id and tally.lease = held.id
        and cardinality(held.settled) + cardinality(tally.positions) < held.size
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
