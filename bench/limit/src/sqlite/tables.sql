create table job (
    id blob not null unique,
    queue text not null,
    kind text not null,
    version integer not null,
    state integer not null,
    priority integer not null,
    attempt integer not null,
    run_at integer not null,
    created_at integer not null,
    args text not null,
    meta text,
    history text,
    worker blob,
    started_at integer,
    finished_at integer,
    output text
);

create index job_ready on job (queue, priority, run_at) where state = 2;
