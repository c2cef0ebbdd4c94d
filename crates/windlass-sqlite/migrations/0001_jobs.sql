-- A state is where the row lives: pending (waiting, scheduled, available, retryable, and here also
-- running, because SQLite updates in place without bloat) or finished. Times are microseconds since
-- 1970; ids are 16 bytes of UUID.

create table windlass_pending (
  id           blob    not null primary key,
  queue        text    not null,
  kind         text    not null,
  version      integer not null,
  state        integer not null,
  priority     integer not null,
  attempt      integer not null default 0,
  failures     integer not null default 0,
  losses       integer not null default 0,
  max_attempts integer,
  run_at       integer not null,
  created_at   integer not null,
  args         text    not null,
  root         blob,
  parent       blob,
  origin       text,
  meta         text,
  history      text,
  reason       text,
  -- zeros unless running: a claim overwrites the row where it is instead of making it longer
  lease        blob    not null default x'00000000000000000000000000000000',
  -- asked for while running
  cancel       text
) strict, without rowid;

create index windlass_ready on windlass_pending (queue, priority, run_at) where state = 2;
create index windlass_due on windlass_pending (run_at, state, queue) where state in (1, 3);
create index windlass_parked on windlass_pending (kind, version, queue) where state = 0;

-- One row per claimed batch. `jobs` is the ids in order, 16 bytes each.
create table windlass_lease (
  id         blob    not null primary key,
  worker     blob    not null,
  claimed_at integer not null,
  unsettled  integer not null,
  label      text    not null,
  jobs       blob    not null
) strict, without rowid;

create index windlass_lease_worker on windlass_lease (worker);

create table windlass_finished (
  id           blob    not null primary key,
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
  finished_at  integer not null,
  prune_at     integer,
  worker       text,
  args         text    not null,
  output       text,
  reason       text,
  root         blob,
  parent       blob,
  origin       text,
  meta         text,
  history      text
) strict, without rowid;

create index windlass_ended on windlass_finished (state, id) where state in (6, 7);

-- Numbers of finished jobs, kept in the transactions that finish them, so that nobody counts
-- millions of rows. State 8 counts what was pruned.
create table windlass_tally (
  queue text    not null,
  state integer not null,
  jobs  integer not null,
  primary key (queue, state)
) strict, without rowid;

create table windlass_worker (
  id         blob    not null primary key,
  label      text    not null,
  host       text    not null,
  pid        integer not null,
  build      text    not null,
  queues     text    not null,
  handlers   text    not null,
  slots      integer not null,
  started_at integer not null,
  seen_at    integer not null,
  expires_at integer not null,
  quiet      integer not null default 0,
  attention  integer not null default 0
) strict, without rowid;

create table windlass_queue (
  name      text not null primary key,
  paused_at integer,
  note      text
) strict, without rowid;

-- How far a walk through all rows has come.
create table windlass_walk (
  name text not null primary key,
  at   blob not null
) strict, without rowid;

create table windlass_leader (
  duty       text    not null primary key,
  worker     blob    not null,
  expires_at integer not null
) strict, without rowid;

-- Every job, whatever its state, with the columns that people and tools ask for.
create view windlass_job as
select id, lower(hex(id)) as uuid, queue, kind, version,
       case state when 0 then 'waiting' when 1 then 'scheduled' when 2 then 'available'
                  when 3 then 'retryable' else 'running' end as state,
       priority, attempt, failures, losses, max_attempts, run_at, created_at,
       (select l.claimed_at from windlass_lease l where l.id = lease) as started_at, null as finished_at, args, null as output, reason, origin
from windlass_pending
union all
select id, lower(hex(id)), queue, kind, version,
       case state when 5 then 'completed' when 6 then 'cancelled' else 'dead' end,
       priority, attempt, failures, losses, max_attempts, run_at, created_at,
       started_at, finished_at, args, output, reason, origin
from windlass_finished;

-- The way in for every language: insert into windlass_enqueue (kind, args) values ('mail', '{}').
-- All columns but kind have defaults; run_at and delay are microseconds.
create view windlass_enqueue as
select id, kind, args, version, queue, priority, run_at, run_at as delay, max_attempts, origin, meta
from windlass_pending where false;

create trigger windlass_enqueue_insert instead of insert on windlass_enqueue
begin
  select
    case
      when new.kind is null or new.kind = '' then raise(abort, 'windlass: kind is missing')
      when length(new.kind) > 128 then raise(abort, 'windlass: kind is longer than 128 characters')
      when new.args is not null and octet_length(new.args) > 262144
        then raise(abort, 'windlass: args are above the limit of 262144 bytes')
      when new.args is not null and not json_valid(new.args) then raise(abort, 'windlass: args are not JSON')
      when instr(new.args, '\u0000') > 0 or instr(new.args, char(0)) > 0
        then raise(abort, 'windlass: args contain a NUL character')
      when new.id is not null and length(new.id) <> 16 then raise(abort, 'windlass: id must be 16 bytes of UUID')
    end;
  insert into windlass_pending (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, origin, meta)
  select
    coalesce(new.id, unhex(substr('000000000000' || printf('%x', n / 1000), -12)
      || '7' || substr(hex(randomblob(2)), 1, 3)
      || substr('89AB', 1 + abs(random() % 4), 1) || substr(hex(randomblob(8)), 1, 15))),
    coalesce(new.queue, 'default'), new.kind, coalesce(new.version, 1),
    case when coalesce(new.run_at, n + new.delay, n) > n then 1 else 2 end,
    coalesce(new.priority, 0), new.max_attempts, coalesce(new.run_at, n + new.delay, n), n,
    coalesce(new.args, 'null'), coalesce(new.origin, 'sql'), new.meta
  from (select cast(unixepoch('now', 'subsec') * 1000 as integer) * 1000 as n)
  where true
  on conflict (id) do nothing;
end;
