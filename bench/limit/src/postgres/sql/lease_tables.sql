create type leased_job as (
    id uuid,
    queue text,
    kind text,
    version smallint,
    priority smallint,
    attempt smallint,
    run_at timestamptz,
    created_at timestamptz,
    args text,
    meta text,
    history jsonb
);

create table lease (
    id uuid primary key,
    worker uuid not null,
    claimed_at timestamptz not null,
    size smallint not null,
    jobs leased_job[] not null,
    settled bit varying not null
);
