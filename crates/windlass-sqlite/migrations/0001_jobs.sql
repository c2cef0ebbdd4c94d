-- A state is where the row lives: pending (waiting, scheduled, available, retryable, and here also
-- running, because SQLite updates in place without bloat) or finished. Times are microseconds since
-- 1970; ids are 16 bytes of UUID.
--
-- States:  -1 waiting for its conditions · 0 waiting for a worker that knows it · 1 scheduled · 2 available · 3 retryable · 4 running · 5 completed
--           6 cancelled · 7 dead; in windlass_job_count also 8, pruned
-- Outcomes: 0 ok · 1 error · 2 timeout · 3 panic · 4 lost · 5 released · 6 snoozed · 7 cancelled
--           8 expired · 9 discarded; in a history by their words

create table windlass_pending (
  id           blob    not null primary key,
  queue        text    not null,
  kind         text    not null,
  version      integer not null,
  state        integer not null check (state between -1 and 4),
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
  cancel       text,
  -- Where a job stands that a lane, a limit or a turn may keep from a worker; null for all others.
  line         text,
  -- From this moment on it does not start any more, as its meta says it. A virtual column, and an expression in the index,
  -- cost every other job the preparation of what they are made of.
  expires_at   integer
) strict, without rowid;

create index windlass_ready on windlass_pending (queue, priority, run_at) where state = 2 and line is null;
-- Jobs in line, line by line. A job that was claimed before goes first.
create index windlass_line on windlass_pending (queue, priority, line, (attempt = 0), created_at, id)
  where state = 2 and line is not null;
-- The jobs of a lane, whatever their queues, in its order; those that have no place in it yet come last.
create index windlass_lane on windlass_pending (line, (abs(state) = 1 and attempt = 0), (attempt = 0), created_at, id)
  where line is not null and line < 'm';
create index windlass_due on windlass_pending (run_at, state, queue) where state in (1, 3);
create index windlass_waiting on windlass_pending (queue) where state = -1;
create index windlass_parked on windlass_pending (kind, version, queue) where state = 0;
create index windlass_expiring on windlass_pending (expires_at)
  where expires_at is not null and state <> 4;

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
  state        integer not null check (state between 5 and 7),
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
create table windlass_job_count (
  queue text    not null,
  state integer not null check (state between 5 and 8),
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
  -- How many of a kind it runs at once: a JSON object; null where no kind says so.
  kind_slots text,
  started_at integer not null,
  seen_at    integer not null,
  expires_at integer not null,
  -- When a claim has last brought it jobs, as its heartbeats say.
  claimed_at integer,
  quiet      integer not null default 0,
  -- Whether it was asked to stop.
  stopping   integer not null default 0,
  -- Whether it speaks through other processes, and lives with its lease alone.
  remote     integer not null default 0,
  attention  integer not null default 0
) strict, without rowid;

-- The limits of failures and losses that a worker's kinds declare, where they are not the defaults. They outlive the
-- worker's row, for as long as it has leases: the process that takes its jobs back may not know the kinds.
create table windlass_kind_limit (
  worker       blob    not null,
  kind         text    not null,
  max_attempts integer,
  max_losses   integer,
  primary key (worker, kind)
) strict, without rowid;

-- The oldest build of a program that takes new work; heartbeats bring all of them to the workers, who compare.
create table windlass_minimum_build (
  program text    not null primary key,
  version text    not null check (version glob '[0-9]*' and version not glob '*[^0-9.]*' and version not glob '*..*'
                                  and version not glob '*.'),
  note    text,
  set_at  integer not null
) strict, without rowid;

-- Minimum builds by SQL: insert one as `shop 2.14.0`, with a note, or delete that of a program from here.
create view windlass_required_build as
select program || ' ' || version as build, program, version, note, set_at from windlass_minimum_build;

-- The last word of a text is what is left of it without all before its last blank.
create trigger windlass_required_build_insert instead of insert on windlass_required_build
begin
  insert into windlass_minimum_build (program, version, note, set_at)
  select case
           when new.build glob '*[' || char(1) || '-' || char(31) || char(127) || ']*' or instr(new.build, char(0)) > 0
                or length(new.build) > 128 or program = '' or numbers not glob '[0-9]*' or numbers glob '*[^0-9.]*'
                or numbers glob '*..*' or numbers glob '*.'
             then raise(abort, 'windlass: a minimum build is a program''s name and a version of numbers, such as shop 2.14.0')
           when length(cast(new.note as blob)) > 1024 then raise(abort, 'windlass: a note has up to 1024 bytes')
           when (select count(*) from windlass_minimum_build m where m.program <> word.program) >= 100
             then raise(abort, 'windlass: there are minimum builds of 100 programs already')
           else program
         end,
         numbers, new.note, coalesce(new.set_at, n)
  from (select program, case when cut > 0 then substr(version, 1, cut - 1) else version end as numbers
        from (select program, version, case when dash > 0 and (plus = 0 or dash < plus) then dash else plus end as cut
              from (select program, version, instr(version, '-') as dash, instr(version, '+') as plus
                    from (select trim(substr(build, 1, length(build) - length(last))) as program,
                                 case when last glob '[vV]*' then substr(last, 2) else last end as version
                          from (select build, replace(build, rtrim(build, replace(build, ' ', '')), '') as last
                                from (select coalesce(trim(new.build), '') as build)))))) as word,
       windlass_fresh
  where true
  on conflict (program) do update set version = excluded.version, note = excluded.note, set_at = excluded.set_at;
  update windlass_worker set attention = 1
  where exists (select 1 from windlass_minimum_build m
                where instr(trim(new.build), m.program || ' ') = 1
                  and (trim(windlass_worker.build) = m.program or instr(trim(windlass_worker.build), m.program || ' ') = 1));
end;

create trigger windlass_required_build_delete instead of delete on windlass_required_build
begin
  delete from windlass_minimum_build where program = old.program;
  update windlass_worker set attention = 1
  where trim(build) = old.program or instr(trim(build), old.program || ' ') = 1;
end;

-- How long jobs of a worker's kinds are expected to run, where the kinds say so. Kept as the limits are.
create table windlass_expected_run (
  worker blob    not null,
  kind   text    not null,
  us     integer not null check (us > 0),
  primary key (worker, kind)
) strict, without rowid;

create table windlass_queue (
  name         text not null primary key,
  paused_at    integer,
  paused_until integer,
  note         text
) strict, without rowid;

-- How many jobs of a queue may be available, and whether an enqueue waits then.
create table windlass_queue_bound (
  queue text    not null primary key,
  jobs  integer not null check (jobs > 0),
  waits integer not null default 0 check (waits in (0, 1))
) strict, without rowid;

-- Queues whose jobs age: each so many microseconds of waiting, from a second to 30 days, make a job's priority smaller by
-- one. Written by SQL too.
create table windlass_queue_age (
  queue text    not null primary key check (length(queue) between 1 and 128 and queue not glob '*[^-A-Za-z0-9._:/]*'),
  every integer not null check (every between 1000000 and 2592000000000)
) strict, without rowid;

-- How far the rounds have come over queues with more priorities or lines than one of them looks at.
create table windlass_age_cursor (
  queue      text not null primary key,
  level      integer,
  line_level integer,
  line       text
) strict, without rowid;

-- Paused kinds. A row outlives its end, until the jobs that were moved out of the way are back.
create table windlass_paused_kind (
  kind         text    not null primary key,
  paused_at    integer not null,
  paused_until integer,
  note         text
) strict, without rowid;

-- Pauses by SQL: insert one of a queue or a kind, lasting so many microseconds or until it is deleted from here.
create view windlass_pause as
select name as queue, null as kind, paused_at, paused_until, note, paused_until as lasting
from windlass_queue where paused_at is not null
union all
select null, kind, paused_at, paused_until, note, paused_until from windlass_paused_kind;

create trigger windlass_pause_insert instead of insert on windlass_pause
begin
  select case
    when (new.queue is null) = (new.kind is null) then raise(abort, 'windlass: a pause is of a queue or of a kind')
    when coalesce(new.queue, new.kind) glob '*[^-A-Za-z0-9._:/]*' or length(coalesce(new.queue, new.kind)) not between 1 and 128
      then raise(abort, 'windlass: a name has 1 to 128 letters, digits and . _ - : /')
    when new.lasting is not null and (typeof(new.lasting) <> 'integer' or new.lasting not between 0 and 4000000000000000)
      then raise(abort, 'windlass: lasting must be a whole number of microseconds')
  end;
  insert into windlass_queue (name, paused_at, paused_until, note)
  select new.queue, n, coalesce(new.paused_until, n + new.lasting), new.note from windlass_fresh where new.queue is not null
  on conflict (name) do update
  set paused_at = case when paused_until <= excluded.paused_at then excluded.paused_at
                       else coalesce(paused_at, excluded.paused_at) end,
      paused_until = excluded.paused_until, note = excluded.note;
  insert into windlass_paused_kind (kind, paused_at, paused_until, note)
  select new.kind, n, coalesce(new.paused_until, n + new.lasting), new.note from windlass_fresh where new.kind is not null
  on conflict (kind) do update
  set paused_at = case when paused_until <= excluded.paused_at then excluded.paused_at else paused_at end,
      paused_until = excluded.paused_until, note = excluded.note;
end;

create trigger windlass_pause_delete instead of delete on windlass_pause
begin
  delete from windlass_queue where name = old.queue;
  update windlass_paused_kind set paused_until = (select n from windlass_fresh) where kind = old.kind;
end;

-- How far a walk through all rows has come.
create table windlass_walk (
  name text not null primary key,
  at   blob not null
) strict, without rowid;

-- Workers with news to fetch: nearly always empty, and read after every commit of another connection.
create index windlass_attention on windlass_worker (id) where attention = 1;

create table windlass_leader (
  duty       text    not null primary key,
  worker     blob    not null,
  expires_at integer not null
) strict, without rowid;

-- Unique keys, and the job that holds each. Whether it still does is asked of the job itself: no road out of a state
-- has to give a key back, and none can forget to. until: 0 started · 1 finished · 2 expires_at
create table windlass_unique_key (
  kind       text    not null,
  key        text    not null,
  job        blob    not null,
  until      integer not null check (until between 0 and 2),
  expires_at integer check ((until = 2) = (expires_at is not null)),
  primary key (kind, key)
) strict, without rowid;

-- Until when each key is held, as its job stands now: 0 where it is free, the end of time where that is not known. A job
-- that has expired does not run any more, whether a sweep has found it or not.
create view windlass_held_key as
select kind, key, job,
       case when until = 2 then expires_at
            else coalesce((select case when p.state = 4 then 9223372036854775807
                                       else coalesce(p.expires_at, 9223372036854775807) end
                           from windlass_pending p where p.id = u.job and (u.until = 1 or p.attempt = 0)), 0)
            end as held_until
from windlass_unique_key u;

-- Enqueues that wrote no job since a unique key was held: what happened to each, and which job held the key.
-- answer: 2 kept · 3 replaced · 4 rejected · 6 refused by a rule of its lane, whose key it is then. Summed up and cut
-- when tidying.
create table windlass_duplicate (
  at     integer not null,
  kind   text    not null,
  key    text    not null,
  answer integer not null check (answer in (2, 3, 4, 6)),
  job    blob    not null,
  origin text
) strict;

create index windlass_duplicate_at on windlass_duplicate (at);

create table windlass_duplicate_count (
  kind   text    not null,
  answer integer not null check (answer in (2, 3, 4, 6)),
  jobs   integer not null,
  primary key (kind, answer)
) strict, without rowid;

-- Tags and subjects (type=id), and the jobs that were written with them. Nothing else of a job is here: where it stands
-- is asked of the job itself, and what a row names may be gone.
create table windlass_tag (
  tag text not null,
  job blob not null,
  primary key (tag, job)
) strict, without rowid;

-- A walk that removes the rows of jobs that are gone goes in this order, the oldest first.
create index windlass_tag_job on windlass_tag (job);

-- Writes a job whose meta has a unique key, tags or subjects, as one statement: a trigger on windlass_pending would cost
-- every other job a copy of each page that it is written to. It fails where the job is to be rejected. Whether it was
-- written says windlass_unique_key; what happened to it otherwise, the newest row of windlass_duplicate for the holder.
create view windlass_new_job as
select id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, root, parent, origin, meta,
       state as is_given
from windlass_pending where false;

create trigger windlass_new_job_insert instead of insert on windlass_new_job
begin
  -- A holder that is in no state which its key covers does not hold it any more.
  delete from windlass_unique_key
  where kind = new.kind and key = new.meta ->> '$.unique.key' and job <> new.id
    and (select held_until from windlass_held_key h
         where h.kind = windlass_unique_key.kind and h.key = windlass_unique_key.key) <= new.created_at;
  select raise(abort, 'windlass: the unique key is held by another job')
  from windlass_unique_key
  where kind = new.kind and key = new.meta ->> '$.unique.key' and job <> new.id
    and new.meta ->> '$.unique.on_conflict' = 'reject';
  insert into windlass_duplicate (at, kind, key, answer, job, origin)
  select new.created_at, kind, key,
         case when new.meta ->> '$.unique.on_conflict' = 'replace'
                   and exists (select 1 from windlass_pending p where p.id = job and p.state <> 4) then 3 else 2 end,
         job, new.origin
  from windlass_unique_key where kind = new.kind and key = new.meta ->> '$.unique.key' and job <> new.id;
  update windlass_pending
  set args = new.args, version = new.version, priority = new.priority, run_at = new.run_at,
      meta = case when expires_at is null and coalesce(new.meta ->> '$.expires_at', new.meta ->> '$.expires_in_us') is null
                    and meta ->> '$.aged' is null
                  then meta
                  else json_patch(coalesce(meta, '{}'), json_object(
                    'expires_at', coalesce(new.meta ->> '$.expires_at', new.created_at + (new.meta ->> '$.expires_in_us')),
                    'expires_in_us', null, 'aged', null)) end,
      expires_at = coalesce(new.meta ->> '$.expires_at', new.created_at + (new.meta ->> '$.expires_in_us')),
      state = case when state = -1 then -1 when state = 0 and new.run_at <= new.created_at then 0
                   when new.run_at <= new.created_at then 2 when state = 3 then 3 else 1 end
  where new.meta ->> '$.unique.on_conflict' = 'replace' and state <> 4
    and id = (select job from windlass_unique_key
              where kind = new.kind and key = new.meta ->> '$.unique.key' and job <> new.id);
  -- An id may come again once its job is gone.
  delete from windlass_condition
  where job = new.id and not exists (select 1 from windlass_pending where id = new.id)
    and not exists (select 1 from windlass_finished where id = new.id);
  delete from windlass_member
  where job = new.id and not exists (select 1 from windlass_pending where id = new.id)
    and not exists (select 1 from windlass_finished where id = new.id);
  insert into windlass_pending
    (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, root, parent, origin, meta, line,
     expires_at)
  select new.id, new.queue, new.kind, new.version, new.state, new.priority, new.max_attempts, new.run_at, new.created_at,
         new.args, new.root, new.parent, new.origin, new.meta, new.meta ->> '$.line',
         coalesce(new.meta ->> '$.expires_at', new.created_at + (new.meta ->> '$.expires_in_us'))
  where not exists (select 1 from windlass_unique_key
                    where kind = new.kind and key = new.meta ->> '$.unique.key' and job <> new.id)
    and (new.is_given = 0 or not exists (select 1 from windlass_finished where id = new.id))
  on conflict (id) do nothing;
  insert into windlass_unique_key (kind, key, job, until, expires_at)
  select new.kind, new.meta ->> '$.unique.key', new.id,
         case new.meta ->> '$.unique.until' when 'started' then 0 when 'elapsed' then 2 else 1 end,
         case when new.meta ->> '$.unique.until' = 'elapsed'
              then new.created_at + 1000 * (new.meta ->> '$.unique.for_ms') end
  where changes() > 0 and new.meta ->> '$.unique.key' is not null
  on conflict (kind, key) do update
  set job = excluded.job, until = excluded.until, expires_at = excluded.expires_at;
  insert into windlass_join (job, at, meta)
  select new.id, new.created_at, new.meta
  where json_type(new.meta, '$.member') = 'object' and not exists (select 1 from windlass_member where job = new.id);
  insert into windlass_wait (job, at)
  select id, new.created_at from windlass_pending
  where id = new.id and state = -1 and not exists (select 1 from windlass_condition where job = new.id);
  -- As they stand in the job: one that was there already, with the same id, keeps its own.
  insert or ignore into windlass_tag (tag, job)
  select word.value, p.id
  from windlass_pending p, json_each(json_array(p.meta -> '$.tags', p.meta -> '$.subjects')) as list, json_each(list.value) as word
  where p.id = new.id and word.value is not null;
end;

-- Every job, whatever its state, with the columns that people and tools ask for.
create view windlass_job as
select id, lower(hex(id)) as uuid, queue, kind, version,
       case state when -1 then 'waiting' when 0 then 'waiting' when 1 then 'scheduled' when 2 then 'available'
                  when 3 then 'retryable' else 'running' end as state,
       priority, attempt, failures, losses, max_attempts, run_at, created_at,
       (select l.claimed_at from windlass_lease l where l.id = lease) as started_at, null as finished_at,
       (select l.label from windlass_lease l where l.id = lease) as worker, args, null as output, reason, origin
from windlass_pending
union all
select id, lower(hex(id)), queue, kind, version,
       case state when 5 then 'completed' when 6 then 'cancelled' else 'dead' end,
       priority, attempt, failures, losses, max_attempts, run_at, created_at,
       started_at, finished_at, worker, args, output, reason, origin
from windlass_finished;

-- An id for a job that brings none, a UUIDv7, and the moment it is of.
create view windlass_fresh as
select n, cast(
  substr(byte, 1 + (n / 1000 >> 40 & 255), 1) || substr(byte, 1 + (n / 1000 >> 32 & 255), 1)
  || substr(byte, 1 + (n / 1000 >> 24 & 255), 1) || substr(byte, 1 + (n / 1000 >> 16 & 255), 1)
  || substr(byte, 1 + (n / 1000 >> 8 & 255), 1) || substr(byte, 1 + (n / 1000 & 255), 1)
  || substr(byte, 1 + (112 + abs(random() % 16)), 1) || randomblob(1)
  || substr(byte, 1 + (128 + abs(random() % 64)), 1) || randomblob(7) as blob) as id
from (
  select cast((julianday('now') - 2440587.5) * 86400000 as integer) * 1000 as n,
         -- every byte there is, to make an id of
         x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff' as byte);

-- What windlass_enqueue writes, once it has an id and its meta says where the job stands in line.
-- All columns but kind have defaults; run_at, delay, expires_at, expires_in (from when it is due: it does not start
-- after that) and unique_for are microseconds, max_losses counts worker deaths,
-- 0 for no limit. unique_key: there is one job of the kind with it, unique_until it is started or finished, or
-- unique_for a time; on_conflict keep, replace or reject. tags: a JSON array of words; subjects: a JSON object of types
-- with an id or an array of ids. The trigger runs in the SQLite
-- of the program that inserts: it needs 3.38 or newer, which every maintained system has.
create view windlass_enqueue_job as
select id, kind, args, version, queue, priority, run_at, run_at as delay, max_attempts, max_attempts as max_losses,
       origin, meta, origin as unique_key, origin as unique_until, run_at as unique_for, origin as on_conflict,
       run_at as expires_at, run_at as expires_in, origin as tags, origin as subjects
from windlass_pending where false;

create trigger windlass_enqueue_job_insert instead of insert on windlass_enqueue_job
begin
  select
    case
      when new.kind is null or new.kind = '' then raise(abort, 'windlass: kind is missing')
      when typeof(new.kind) <> 'text' or length(new.kind) > 128 or new.kind glob '*[^-A-Za-z0-9._:/]*'
        then raise(abort, 'windlass: kind must be up to 128 letters, digits and . _ - : /')
      when new.queue is not null and (typeof(new.queue) <> 'text' or length(new.queue) not between 1 and 128
                                      or new.queue glob '*[^-A-Za-z0-9._:/]*')
        then raise(abort, 'windlass: queue must be up to 128 letters, digits and . _ - : /')
      when new.priority is not null and (typeof(new.priority) <> 'integer' or new.priority not between -32768 and 32767)
        then raise(abort, 'windlass: priority must be a number from -32768 to 32767')
      when new.delay is not null and (typeof(new.delay) <> 'integer' or new.delay not between -4000000000000000 and 4000000000000000)
        then raise(abort, 'windlass: delay must be a whole number of microseconds')
      when new.run_at is not null and (typeof(new.run_at) <> 'integer' or new.run_at not between -250000000000000000 and 250000000000000000)
        then raise(abort, 'windlass: run_at must be a whole number of microseconds since 1970')
      when new.args is not null and length(cast(new.args as blob)) > 262144
        then raise(abort, 'windlass: args are above the limit of 262144 bytes')
      when new.args is not null and not json_valid(new.args) then raise(abort, 'windlass: args are not JSON')
      when instr(new.args, '\u0000') > 0 or instr(new.args, char(0)) > 0
        then raise(abort, 'windlass: args contain a NUL character')
      when new.id is not null and length(new.id) <> 16 then raise(abort, 'windlass: id must be 16 bytes of UUID')
      when new.max_losses is not null and (typeof(new.max_losses) <> 'integer' or new.max_losses not between 0 and 65535)
        then raise(abort, 'windlass: max_losses must be a number from 0, which sets no limit, to 65535')
      when new.version is not null and (typeof(new.version) <> 'integer' or new.version not between 1 and 32767)
        then raise(abort, 'windlass: version must be a number from 1 to 32767')
      when new.max_attempts is not null and (typeof(new.max_attempts) <> 'integer' or new.max_attempts not between 0 and 32767)
        then raise(abort, 'windlass: max_attempts must be a number from 0, which never gives up, to 32767')
      when (select count(*) from (
              select 1 from windlass_pending where queue = coalesce(new.queue, 'default') and state = 2 and line is null
              limit coalesce((select jobs from windlass_queue_bound where queue = coalesce(new.queue, 'default')), 0)))
           + (select count(*) from (
              select 1 from windlass_pending where queue = coalesce(new.queue, 'default') and state = 2 and line is not null
              limit coalesce((select jobs from windlass_queue_bound where queue = coalesce(new.queue, 'default')), 0)))
           >= (select jobs from windlass_queue_bound where queue = coalesce(new.queue, 'default'))
        then raise(abort, 'windlass: the queue is full')
      when new.expires_at is not null and (typeof(new.expires_at) <> 'integer' or new.expires_in is not null
                                           or new.expires_at not between -250000000000000000 and 250000000000000000)
        then raise(abort, 'windlass: expires_at must be a whole number of microseconds since 1970, and stand without expires_in')
      when new.expires_in is not null and (typeof(new.expires_in) <> 'integer'
                                           or new.expires_in not between 1000 and 4000000000000000)
        then raise(abort, 'windlass: expires_in must be a whole number of microseconds, at least 1000')
      when new.expires_at <= coalesce(new.run_at, new.expires_at - 1)
        then raise(abort, 'windlass: expires_at must be later than run_at')
      when new.run_at is null and new.delay > 0 and new.expires_at <= (select n + new.delay from windlass_fresh)
        then raise(abort, 'windlass: expires_at must be later than the end of delay')
      when new.unique_key is null and new.meta is not null and json_type(new.meta, '$.unique') is not null
        then raise(abort, 'windlass: unique_key is missing: meta alone makes no job unique')
      when new.unique_key is null and coalesce(new.unique_until, new.unique_for, new.on_conflict) is not null
        then raise(abort, 'windlass: unique_key is missing')
      when new.unique_key is not null and (typeof(new.unique_key) <> 'text' or instr(new.unique_key, char(0)) > 0
                                           or length(cast(new.unique_key as blob)) not between 1 and 1024)
        then raise(abort, 'windlass: unique_key must be a text of 1 to 1024 bytes without NUL')
      when new.unique_for is not null and (typeof(new.unique_for) <> 'integer'
                                           or new.unique_for not between 1000 and 4000000000000000)
        then raise(abort, 'windlass: unique_for must be a whole number of microseconds, at least 1000')
      when new.unique_for is not null and new.unique_until is not null
        then raise(abort, 'windlass: a unique key is held either for a time or until started or finished')
      when coalesce(new.unique_until, 'started') not in ('started', 'finished')
        then raise(abort, 'windlass: unique_until must be started or finished')
      when new.meta is not null and coalesce(json_type(new.meta, '$.tags'), json_type(new.meta, '$.subjects')) is not null
        then raise(abort, 'windlass: tags and subjects have columns of their own: in meta alone nobody finds them')
      when new.tags is not null and (json_valid(new.tags) = 0 or json_type(new.tags) <> 'array'
          or json_array_length(new.tags) > 32 or exists (
            select 1 from json_each(new.tags) where type <> 'text' or length(value) not between 1 and 128
              or instr(value, char(0)) > 0 or value glob '*[^-A-Za-z0-9._:/]*'))
        then raise(abort, 'windlass: tags must be a JSON array of up to 32 texts of up to 128 letters, digits and . _ - : /')
      when new.subjects is not null and (json_valid(new.subjects) = 0 or json_type(new.subjects) <> 'object' or exists (
            select 1
            from json_each(new.subjects) s, json_each(case s.type when 'array' then s.value else json_array(s.value) end) id
            where length(s.key) not between 1 and 128 or s.key glob '*[^-A-Za-z0-9._:/]*' or s.type not in ('text', 'integer', 'array')
              or id.type not in ('text', 'integer') or length(cast(id.value as blob)) not between 1 and 256 or instr(id.value, char(0)) > 0
              or id.value glob '*[' || char(1) || '-' || char(32) || ',' || char(127) || ']*')
          or coalesce(json_array_length(new.tags), 0) + (
            select count(*)
            from json_each(new.subjects) s, json_each(case s.type when 'array' then s.value else json_array(s.value) end)) > 32)
        then raise(abort, 'windlass: subjects must be a JSON object of types with ids, such as {"customer": 42}: with the tags up to 32, ids of up to 256 bytes without blanks and commas')
      -- What is not UTF-8, and half a surrogate pair, are read as U+FFFD when they are matched, as are the last two characters of its plane.
      when replace(replace(replace(coalesce(new.args, '') || coalesce(new.origin, '') || coalesce(new.meta, '') || coalesce(new.unique_key, '')
             || coalesce(new.subjects, ''), char(65533), ''), char(65534), ''), char(65535), '') glob '*' || char(65533) || '*'
        then raise(abort, 'windlass: a text is not UTF-8')
      when instr(lower(coalesce(new.args, '') || coalesce(new.meta, '') || coalesce(new.subjects, '')), '\ud') > 0 and exists (
             select 1 from (select key as word from json_tree(new.args) where typeof(key) = 'text'
                          union all select atom from json_tree(new.args) where type = 'text'
                          union all select key as word from json_tree(new.meta) where typeof(key) = 'text'
                          union all select atom from json_tree(new.meta) where type = 'text'
                          union all select key as word from json_tree(new.subjects) where typeof(key) = 'text'
                          union all select atom from json_tree(new.subjects) where type = 'text')
             where replace(replace(replace(word, char(65533), ''), char(65534), ''), char(65535), '') glob '*' || char(65533) || '*')
        then raise(abort, 'windlass: args or subjects contain half of a surrogate pair, which is not a character')
      when coalesce(new.on_conflict, 'keep') not in ('keep', 'replace', 'reject')
        then raise(abort, 'windlass: on_conflict must be keep, replace or reject')
    end;
  insert into windlass_lane_entry (id, kind, created_at, meta)
  select new.id, new.kind, n, json_patch(new.meta, json_object('unique', json_object('key', new.unique_key)))
  from windlass_fresh
  where json_array_length(new.meta, '$.lane.supersedes') + json_array_length(new.meta, '$.lane.refused_by') > 0
    and not exists (select 1 from windlass_pending where id = new.id)
    and not exists (select 1 from windlass_finished where id = new.id);
  insert into windlass_pending (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, origin, meta, line,
                                expires_at)
  select
    new.id, coalesce(new.queue, 'default'), new.kind, coalesce(new.version, 1),
    case when json_type(new.meta, '$.waits') is not null then -1 when coalesce(new.run_at, n + new.delay, n) > n then 1 else 2 end,
    coalesce(new.priority, 0), new.max_attempts, coalesce(new.run_at, n + new.delay, n),
    -- The clock tells milliseconds: in a lane each comes after the one before it.
    coalesce((select max(n, max(p.created_at) + 1) from windlass_pending p
              where p.line = new.meta ->> '$.line' and p.line >= 'l' and p.line < 'm'), n),
    coalesce(new.args, 'null'), coalesce(new.origin, 'sql'),
    case when coalesce(new.max_losses, new.expires_at, new.expires_in) is null then new.meta
         else json_patch(coalesce(new.meta, '{}'), json_object(
           'max_losses', coalesce(new.max_losses, new.meta ->> '$.max_losses'),
           'expires_at', coalesce(new.expires_at, coalesce(new.run_at, n + new.delay, n) + new.expires_in,
                                  new.meta ->> '$.expires_at'))) end,
    new.meta ->> '$.line',
    coalesce(new.expires_at, coalesce(new.run_at, n + new.delay, n) + new.expires_in, new.meta ->> '$.expires_at',
             n + (new.meta ->> '$.expires_in_us'))
  from windlass_fresh as fresh
  where coalesce(new.unique_key, new.tags, new.subjects) is null
    and coalesce(json_type(new.meta, '$.waits'), json_type(new.meta, '$.member')) is null
  on conflict (id) do nothing;
  insert into windlass_new_job
    (id, queue, kind, version, state, priority, max_attempts, run_at, created_at, args, origin, meta, is_given)
  select
    new.id, coalesce(new.queue, 'default'), new.kind, coalesce(new.version, 1),
    case when json_type(new.meta, '$.waits') is not null then -1 when coalesce(new.run_at, n + new.delay, n) > n then 1 else 2 end,
    coalesce(new.priority, 0), new.max_attempts, coalesce(new.run_at, n + new.delay, n),
    -- The clock tells milliseconds: in a lane each comes after the one before it.
    coalesce((select max(n, max(p.created_at) + 1) from windlass_pending p
              where p.line = new.meta ->> '$.line' and p.line >= 'l' and p.line < 'm'), n),
    coalesce(new.args, 'null'), coalesce(new.origin, 'sql'),
    json_patch(
      json_patch(coalesce(new.meta, '{}'), json_object(
        'max_losses', coalesce(new.max_losses, new.meta ->> '$.max_losses'),
        'expires_at', coalesce(new.expires_at, coalesce(new.run_at, n + new.delay, n) + new.expires_in,
                               new.meta ->> '$.expires_at'))),
      json_object(
        'unique', case when new.unique_key is not null then json_object(
          'key', new.unique_key, 'for_ms', new.unique_for / 1000, 'on_conflict', coalesce(new.on_conflict, 'keep'),
          'until', case when new.unique_for is null then coalesce(new.unique_until, 'finished') else 'elapsed' end) end,
        'tags', json(nullif(new.tags, '[]')),
        'subjects', json((
          select nullif(json_group_array(s.key || '=' || id.value), '[]')
          from json_each(new.subjects) s,
               json_each(case s.type when 'array' then s.value else json_array(s.value) end) id)))),
    1
  from windlass_fresh as fresh
  where coalesce(new.unique_key, new.tags, new.subjects) is not null
     or coalesce(json_type(new.meta, '$.waits'), json_type(new.meta, '$.member')) is not null;
end;

-- Completes a running job in a handler's own transaction, as one statement: a caller that stops half-way has
-- done all of it or nothing. It fails where the lease is lost.
create view windlass_finish as
select id, lease, label, output, finished_at, prune_at
from (select p.id, p.lease, f.worker as label, f.output, f.finished_at, f.prune_at
      from windlass_pending p, windlass_finished f where false);

create trigger windlass_finish_insert instead of insert on windlass_finish
begin
  select raise(abort, 'windlass: the lease is lost')
  where not exists (select 1 from windlass_pending where id = new.id and lease = new.lease);
  insert into windlass_finished
    (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
     finished_at, prune_at, worker, args, output, root, parent, origin, meta, history)
  select id, queue, kind, version, 5, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         new.finished_at, new.prune_at, new.label, args, new.output, root, parent, origin, meta, history
  from windlass_pending where id = new.id;
  insert into windlass_job_count (queue, state, jobs)
  select queue, 5, 1 from windlass_pending where id = new.id
  on conflict (queue, state) do update set jobs = jobs + 1;
  delete from windlass_permit where job = new.id;
  delete from windlass_pending where id = new.id;
  insert into windlass_ended_job (job, state, at) values (new.id, 5, new.finished_at);
  update windlass_lease set unsettled = unsettled - 1 where id = new.lease;
  delete from windlass_lease where id = new.lease and unsettled <= 0;
end;
