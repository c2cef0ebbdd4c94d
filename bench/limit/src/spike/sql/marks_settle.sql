with mark as materialized (
    select *
    from unnest($1::uuid[], $20::varbit[]) as mark (lease, positions)
), closed as (
    delete from lease
    using mark
    where lease.id = mark.lease
        and bit_count(lease.settled & mark.positions) = 0
        and bit_count(lease.settled | mark.positions) = lease.size
    returning lease.id, lease.worker
), kept as (
    -- Skips what `closed` has just deleted. Were completeness a condition here, two
    -- settlements that complete a lease together would both fail theirs.
    update lease
    set settled = lease.settled | mark.positions
    from mark
    where lease.id = mark.lease
        and bit_count(lease.settled & mark.positions) = 0
    returning lease.id, lease.worker
), held as materialized (
    select id, worker from closed
    union all
    select id, worker from kept
), ended as materialized (
    select held.worker, report.*
    from unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::smallint[], $6::text[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[],
            $12::smallint[], $13::smallint[], $14::smallint[], $15::timestamptz[],
            $16::timestamptz[], $17::text[], $18::text[], $19::jsonb[])
        as report (lease, position, id, state, output, due_at, started_at, finished_at, queue, kind,
            version, priority, attempt, run_at, created_at, args, meta, history)
    join held on held.id = report.lease
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
