-- A state is where the row lives: pending (waiting, scheduled, available, retryable), lease (running,
-- one row per claimed batch) or finished. Nothing hot is updated in place. Times are microseconds
-- since 1970. `windlass.` stands for the schema that was chosen.
--
-- States:  -1 waiting for its conditions · 0 waiting for a worker that knows it · 1 scheduled · 2 available · 3 retryable · 4 running · 5 completed
--           6 cancelled · 7 dead; in job_count also 8, pruned
-- Outcomes: 0 ok · 1 error · 2 timeout · 3 panic · 4 lost · 5 released · 6 snoozed · 7 cancelled
--           8 expired · 9 discarded; in a history by their words

-- The moment from which a job does not start any more. Not a generated column: that costs every job a tenth of its
-- insert, and jobs without such a moment are the rule.
create function windlass.expiry(meta text, created_at bigint) returns bigint language sql immutable as
$$
  select case when meta like '%"expires\_%'
    then coalesce((meta::jsonb->>'expires_at')::bigint, created_at + (meta::jsonb->>'expires_in_us')::bigint) end
$$;

create table windlass.pending (
  id           uuid     not null primary key,
  run_at       bigint   not null,
  created_at   bigint   not null,
  attempt      integer  not null default 0,
  failures     integer  not null default 0,
  state        smallint not null check (state between -1 and 3),
  version      smallint not null,
  priority     smallint not null,
  losses       smallint not null default 0,
  max_attempts smallint,
  queue        text     not null,
  kind         text     not null,
  args         text     not null,
  root         uuid,
  parent       uuid,
  origin       text,
  meta         text,
  history      text,
  reason       text,
  -- Where a job stands that a lane, a limit or a turn may keep from a worker; null for all others.
  line         text collate "C"
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.1);

-- Claim order. Rows of one batch share run_at and keep the order they were written in.
create index pending_ready on windlass.pending (queue, priority, run_at) where state = 2 and line is null;
create index pending_due on windlass.pending (run_at) include (state, queue) where state in (1, 3);
create index pending_waiting on windlass.pending (queue) where state = -1;
create index pending_parked on windlass.pending (kind, version, queue) where state = 0;
create index pending_expiring on windlass.pending (windlass.expiry(meta, created_at)) where windlass.expiry(meta, created_at) is not null;
-- Jobs in line, line by line. A job that was claimed before goes first.
create index pending_line on windlass.pending (queue, priority, line, (attempt = 0), created_at, id)
  where state = 2 and line is not null;
-- The jobs of a lane, whatever their queues, in its order; those that have no place in it yet come last.
create index pending_lane on windlass.pending (line, (abs(state) = 1 and attempt = 0), (attempt = 0), created_at, id)
  where line >= 'l' and line < 'm';

-- The line that a job's meta names.
create function windlass.line_in(meta text) returns text language sql immutable as
$$ select case when strpos(meta, '"line"') > 0 then meta::jsonb->>'line' end $$;

-- By which lock jobs with rules enter the lane that their meta names, one after the other; null for all others.
create function windlass.lane_lock(meta text) returns integer language sql immutable as
$$
  select case when strpos(meta, '"lane"') > 0 and meta::jsonb->'lane' ?| array['supersedes', 'refused_by']
    then hashtext('l' || (meta::jsonb->'lane'->>'key')) end
$$;

create type windlass.held_job as (
  id uuid, run_at bigint, created_at bigint, attempt integer, failures integer, version smallint,
  priority smallint, losses smallint, max_attempts smallint, queue text, kind text, args text,
  root uuid, parent uuid, origin text, meta text, history text
);

-- Running jobs: one row per claimed batch. `jobs` is read when a worker died or a person asks; a
-- settlement only touches the two columns in front of it, so the array is never copied.
create table windlass.lease (
  id         uuid       not null primary key,
  worker     uuid       not null,
  claimed_at bigint     not null,
  unsettled  smallint   not null,
  settled    bit varying not null,
  label      text       not null,
  jobs       windlass.held_job[] not null
) with (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.0,
        autovacuum_vacuum_cost_delay = 0);

create index lease_worker on windlass.lease (worker);

do $$ begin
  alter table windlass.lease alter column jobs set compression lz4;
exception when others then null; -- before 14, or built without lz4: the default compression serves
end $$;

-- The unsettled jobs of every lease, each with its place in it from 1.
create view windlass.running_job as
select l.id as lease, l.worker, l.label, l.claimed_at, length(l.settled) as batch, j.place::int2 as place, j.id,
       j.run_at, j.created_at, j.attempt, j.failures, j.version, j.priority, j.losses, j.max_attempts, j.queue,
       j.kind, j.args, j.root, j.parent, j.origin, j.meta, j.history
from windlass.lease l, unnest(l.jobs) with ordinality as
     j(id, run_at, created_at, attempt, failures, version, priority, losses, max_attempts, queue, kind, args,
       root, parent, origin, meta, history, place)
where get_bit(l.settled, (j.place - 1)::int4) = 0;

-- Running jobs with a cancel request.
create table windlass.cancel_request (
  job    uuid not null primary key,
  worker uuid not null,
  reason text not null
);

-- Takes the cancel requests of jobs whose leases the caller has locked. It looks again: a request that was
-- committed while the caller waited to begin is not in the caller's snapshot.
create function windlass.take_cancel_requests(jobs uuid[]) returns setof windlass.cancel_request
language plpgsql volatile as
$$
begin
  return query delete from windlass.cancel_request c where c.job = any (jobs) returning c.*;
end
$$;

-- Ended jobs, on partitions by the day they may be pruned: pruning a day drops its partition. Dead jobs
-- have no such day and stay on the default partition.
create table windlass.finished (
  id           uuid     not null,
  run_at       bigint   not null,
  created_at   bigint   not null,
  started_at   bigint,
  finished_at  bigint   not null,
  prune_at     bigint   not null,
  attempt      integer  not null,
  failures     integer  not null,
  state        smallint not null check (state between 5 and 7),
  version      smallint not null,
  priority     smallint not null,
  losses       smallint not null,
  max_attempts smallint,
  queue        text     not null,
  kind         text     not null,
  args         text     not null,
  worker       text,
  output       text,
  reason       text,
  root         uuid,
  parent       uuid,
  origin       text,
  meta         text,
  history      text
) partition by range (prune_at);

create table windlass.finished_default partition of windlass.finished default;
create index finished_id on windlass.finished (id);

create index finished_ended on windlass.finished (state, id) where state in (6, 7);
create index finished_prunable on windlass.finished_default (prune_at) where prune_at < 9223372036854775807;

-- Numbers of ended jobs, appended by the statements that end them and summed up now and then, so
-- that nobody counts millions of rows and no two settlements meet on one row. State 8 is "pruned".
create table windlass.job_count (
  queue text     not null,
  state smallint not null check (state between 5 and 8),
  prune_day integer,
  jobs  bigint   not null
);

create table windlass.worker (
  id         uuid    not null primary key,
  guard      bigint,
  label      text    not null,
  host       text    not null,
  pid        integer not null,
  build      text    not null,
  queues     text[]  not null,
  handlers   text[]  not null,
  slots      integer not null,
  -- How many of a kind it runs at once: a JSON object; null where no kind says so.
  kind_slots text,
  started_at bigint  not null,
  seen_at    bigint  not null,
  expires_at bigint  not null,
  -- When a claim has last brought it jobs, as its heartbeats say.
  claimed_at bigint,
  missing_at bigint,
  quiet      boolean not null default false,
  -- Whether it was asked to stop.
  stopping   boolean not null default false,
  -- Whether it speaks through other processes, and lives with its lease alone.
  remote     boolean not null default false,
  attention  boolean not null default false
) with (fillfactor = 50);

-- The limits of failures and losses that a worker's kinds declare, where they are not the defaults. They outlive the
-- worker's row, for as long as it has leases: the process that takes its jobs back may not know the kinds.
create table windlass.kind_limit (
  worker       uuid    not null,
  kind         text    not null,
  max_attempts integer,
  max_losses   integer,
  primary key (worker, kind)
);

-- The oldest build of a program that takes new work; heartbeats bring all of them to the workers, who compare.
create table windlass.minimum_build (
  program text   not null primary key,
  version text   not null check (version ~ '^[0-9]+(\.[0-9]+)*$'),
  note    text,
  set_at  bigint not null
);

-- How long jobs of a worker's kinds are expected to run, where the kinds say so. Kept as the limits are.
create table windlass.expected_run (
  worker uuid   not null,
  kind   text   not null,
  us     bigint not null check (us > 0),
  primary key (worker, kind)
);

create table windlass.queue (
  name         text not null primary key,
  paused_at    bigint,
  paused_until bigint,
  note         text
);

-- How many jobs of a queue may be available, and whether an enqueue waits then.
create table windlass.queue_bound (
  queue text    not null primary key,
  jobs  bigint  not null check (jobs > 0),
  waits boolean not null default false
);

-- Queues whose jobs age: each so many microseconds of waiting make a job's priority smaller by one.
create table windlass.queue_age (
  queue    text   not null primary key,
  every_us bigint not null check (every_us between 1000000 and 2592000000000)
);

-- How far the rounds have come over queues with more priorities or lines than one of them looks at.
create unlogged table windlass.age_cursor (
  queue      text not null primary key,
  level      integer,
  line_level integer,
  line       text
) with (fillfactor = 50);

-- Paused kinds. A row outlives its end, until the jobs that were moved out of the way are back.
create table windlass.paused_kind (
  kind         text   not null primary key,
  paused_at    bigint not null,
  paused_until bigint,
  note         text
);

create table windlass.leader (
  duty       text   not null primary key,
  worker     uuid   not null,
  expires_at bigint not null
);

-- Who sleeps, and on which queues: an enqueue notifies only if somebody does.
create unlogged table windlass.idle (
  worker  uuid   not null primary key,
  channel text   not null,
  queues  text[] not null
);

-- Where slow claims of a queue begin, for processes that start while a snapshot keeps dead entries.
create unlogged table windlass.claim_cursor (
  queue      text     not null primary key,
  priority   smallint not null,
  run_at     bigint   not null,
  cost       bigint   not null,
  written_at bigint   not null
) with (fillfactor = 50);

-- Unique keys, and the job that holds each. Whether it still does is asked of the job itself (holds_key): no road
-- out of a state has to give a key back, and none can forget to. until: 0 started · 1 finished · 2 expires_at
create table windlass.unique_key (
  kind       text     not null,
  key        text     not null,
  job        uuid     not null,
  until      smallint not null check (until between 0 and 2),
  expires_at bigint   check ((until = 2) = (expires_at is not null)),
  primary key (kind, key)
);

-- Enqueues that wrote no job since a unique key was held: what happened to each, and which job held the key.
-- answer: 2 kept · 3 replaced · 4 rejected · 6 refused by a rule of its lane, whose key it is then. Summed up and cut
-- when tidying.
create table windlass.duplicate (
  at     bigint   not null,
  kind   text     not null,
  key    text     not null,
  answer smallint not null check (answer in (2, 3, 4, 6)),
  job    uuid     not null,
  origin text
);

create index duplicate_at on windlass.duplicate (at);

create table windlass.duplicate_count (
  kind   text     not null,
  answer smallint not null check (answer in (2, 3, 4, 6)),
  jobs   bigint   not null,
  primary key (kind, answer)
);

-- Tags and subjects (type=id), and the jobs that were written with them. Nothing else of a job is here: where it stands
-- is asked of the job itself, and what a row names may be gone, or be there with other tags than these.
create table windlass.tag (
  tag text not null,
  job uuid not null,
  primary key (tag, job)
);

-- A walk that removes the rows of jobs that are gone goes in this order, the oldest first.
create index tag_job on windlass.tag (job);

create function windlass.write_tags() returns trigger language plpgsql as
$$
begin
  insert into windlass.tag (tag, job)
  select word, new.id
  from jsonb_array_elements_text(coalesce(new.meta::jsonb->'tags', '[]') || coalesce(new.meta::jsonb->'subjects', '[]')) as word
  on conflict do nothing;
  return null;
end
$$;

-- Every way in writes a row of pending; one that comes back after an attempt has its tags already.
create trigger pending_tags after insert on windlass.pending for each row
when (new.meta is not null and new.attempt = 0 and (strpos(new.meta, '"tags"') > 0 or strpos(new.meta, '"subjects"') > 0))
execute function windlass.write_tags();

-- Removes the tags of jobs that are gone, among the next ones of a walk in the order of the jobs, those before the last.
-- Returns the last job it looked at, or null at the end, and how many tags it removed.
create function windlass.forget_tags(after_job uuid, before_job uuid, most integer, out last_job uuid, out removed integer)
language plpgsql volatile as
$$
declare
  seen uuid[];
begin
  select array_agg(t.job) into seen
  from (select job from windlass.tag where job > after_job and job < before_job order by job limit most) as t;
  if cardinality(seen) >= most then
    last_job := seen[most];
  end if;
  -- One snapshot, so that a job on its way from one place to the next is seen in one of them. A job is written together
  -- with its tags: those of one that is not committed yet are not seen either.
  delete from windlass.tag t
  where t.job = any (seen)
    and not exists (select from windlass.pending p where p.id = t.job)
    and not exists (select from windlass.finished f where f.id = t.job)
    and not exists (select from windlass.operation_job o where o.job = t.job and o.removed)
    and t.job not in (select id from windlass.running_job);
  get diagnostics removed = row_count;
end
$$;
