-- Operations: one change of many jobs, found by a filter.
create table windlass_operation (
  id         blob    not null primary key,
  action     text    not null check (action in ('retry', 'cancel', 'move', 'delete')),
  -- Of a cancel its reason, of a move the queue.
  detail     text,
  filter     text    not null,
  expect     integer,
  -- How many matched when it began: it goes through no more. Null where counting took too long.
  matched    integer,
  pace       text,
  note       text,
  origin     text,
  state      text    not null default 'running'
             check (state in ('running', 'paused', 'done', 'stopped', 'undoing', 'undone')),
  done       integer not null default 0,
  requested  integer not null default 0,
  -- As JSON: how many by reason, and the first few.
  skipped    text,
  undone     integer not null default 0,
  kept       text,
  created_at integer not null,
  ended_at   integer,
  undo_until integer,
  -- How far it has come: 0 jobs that have not ended · 1 dead · 2 cancelled · 3 completed ones, and the last of them.
  branch     integer not null default 0,
  last_job   blob    not null default x'00000000000000000000000000000000',
  -- When its next round may come.
  next_at    integer not null
) strict, without rowid;

create index windlass_operation_active on windlass_operation (next_at) where state in ('running', 'undoing');

-- Jobs as they were before an operation changed them, until it cannot be undone any more.
create table windlass_operation_job (
  operation    blob    not null,
  job          blob    not null,
  at           integer not null,
  -- Whether it had ended, and whether it was removed: then all that belongs to it is kept as long as this.
  has_ended    integer not null,
  removed      integer not null,
  -- Whether others waited for it or its batch, and whether it kept its lane.
  awaited      integer not null default 0,
  blocks       integer not null default 0,
  queue        text    not null,
  kind         text    not null,
  version      integer not null,
  state        integer not null,
  priority     integer not null,
  attempt      integer not null,
  failures     integer not null,
  losses       integer not null,
  max_attempts integer,
  run_at       integer not null,
  created_at   integer not null,
  started_at   integer,
  finished_at  integer,
  prune_at     integer,
  worker       text,
  args         text    not null,
  output       text,
  reason       text,
  root         blob,
  parent       blob,
  origin       text,
  meta         text,
  history      text,
  line         text,
  expires_at   integer,
  primary key (operation, job)
) strict, without rowid;

create index windlass_operation_removed on windlass_operation_job (job) where removed = 1;
