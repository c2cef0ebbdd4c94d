create table running (
    id uuid primary key,
    lease uuid not null,
    worker uuid not null,
    claimed_at timestamptz not null,
    queue text not null,
    kind text not null,
    version smallint not null,
    priority smallint not null,
    attempt smallint not null,
    run_at timestamptz not null,
    created_at timestamptz not null,
    args text not null,
    meta text,
    history jsonb
);
