create table pending (
    id uuid primary key,
    queue text not null,
    kind text not null,
    version smallint not null,
    state smallint not null,
    priority smallint not null,
    attempt smallint not null,
    run_at timestamptz not null,
    created_at timestamptz not null,
    args text not null,
    meta text,
    history jsonb
);

create index pending_ready on pending (queue, priority, run_at) where state = 2;
create index pending_due on pending (run_at) where state = 3;

create table finished (
    id uuid not null,
    queue text not null,
    kind text not null,
    version smallint not null,
    state smallint not null,
    priority smallint not null,
    attempt smallint not null,
    run_at timestamptz not null,
    created_at timestamptz not null,
    args text not null,
    meta text,
    history jsonb,
    worker text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    output text,
    prune_at timestamptz not null
) partition by range (prune_at);

create index finished_id on finished (id);

create table finished_rest partition of finished default;

do $$
begin
    for day in 0..7 loop
        execute format(
            'create table finished_%s partition of finished for values from (%L) to (%L)',
            day, current_date + day, current_date + day + 1);
    end loop;
end
$$;
