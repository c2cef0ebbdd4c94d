-- A state is where the row lives: pending (waiting, scheduled, available, retryable), lease (running,
-- one row per claimed batch) or finished. Nothing hot is updated in place. Times are microseconds
-- since 1970. `windlass.` stands for the schema that was chosen.
--
-- States:   0 waiting · 1 scheduled · 2 available · 3 retryable · 4 running · 5 completed
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
  state        smallint not null check (state between 0 and 3),
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
create index pending_parked on windlass.pending (kind, version, queue) where state = 0;
create index pending_expiring on windlass.pending (windlass.expiry(meta, created_at)) where windlass.expiry(meta, created_at) is not null;
-- Jobs in line, line by line. A job that was claimed before goes first.
create index pending_line on windlass.pending (queue, priority, line, (attempt = 0), created_at, id)
  where state = 2 and line is not null;
-- The jobs of a lane, whatever their queues, in its order; those that have no place in it yet come last.
create index pending_lane on windlass.pending (line, (state = 1 and attempt = 0), (attempt = 0), created_at, id)
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
  started_at bigint  not null,
  seen_at    bigint  not null,
  expires_at bigint  not null,
  missing_at bigint,
  quiet      boolean not null default false,
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
    and t.job not in (select id from windlass.running_job);
  get diagnostics removed = row_count;
end
$$;

create function windlass.now_us() returns bigint language sql volatile as
$$ select (extract(epoch from clock_timestamp()) * 1000000)::bigint $$;

create function windlass.moment(us bigint) returns timestamptz language sql immutable as
$$ select to_timestamp(us / 1000000.0) $$;

-- A UUIDv7, for callers that bring no id.
create function windlass.new_id(us bigint) returns uuid language sql volatile as
$$
  select (lpad(to_hex(us / 1000), 12, '0') || '7' || substr(r, 1, 3) || '8' || substr(r, 4, 15))::uuid
  from (select replace(gen_random_uuid()::text, '-', '') as r) as random
$$;

-- The meta of a job that expires at another moment, or, where that is null, never.
create function windlass.with_expiry(meta text, expires_at bigint) returns text language sql immutable as
$$
  select nullif(((coalesce(meta, '{}')::jsonb - 'expires_at' - 'expires_in_us')
                 || jsonb_strip_nulls(jsonb_build_object('expires_at', expires_at)))::text, '{}')
$$;

-- The priority that a job was written with: it has a smaller one where it has waited for long.
create function windlass.own_priority(priority smallint, meta text) returns smallint language sql immutable as
$$ select case when strpos(meta, '"aged"') > 0 then coalesce((meta::jsonb->>'aged')::smallint, priority) else priority end $$;

-- The meta of a job that has that priority again.
create function windlass.unaged(meta text) returns text language sql immutable as
$$ select case when strpos(meta, '"aged"') > 0 then nullif((meta::jsonb - 'aged')::text, '{}') else meta end $$;

-- Pauses a queue or a kind until a moment, or until it is resumed. What is paused already gets the new note and end.
create function windlass.pause(us bigint, the_queue text, the_kind text, the_note text, the_end bigint) returns void
language sql volatile as
$$
  insert into windlass.queue as q (name, paused_at, paused_until, note)
  select the_queue, us, the_end, the_note where the_queue is not null
  on conflict (name) do update
  set paused_at = case when q.paused_until <= us then us else coalesce(q.paused_at, us) end,
      paused_until = excluded.paused_until, note = excluded.note;
  insert into windlass.paused_kind as k (kind, paused_at, paused_until, note)
  select the_kind, us, the_end, the_note where the_kind is not null
  on conflict (kind) do update
  set paused_at = case when k.paused_until <= us then us else k.paused_at end,
      paused_until = excluded.paused_until, note = excluded.note;
$$;

-- Ends a pause, and wakes whom it concerns; says whether there was one. A kind's row stays for the sweep.
create function windlass.resume(us bigint, the_queue text, the_kind text) returns boolean language plpgsql volatile as
$$
declare
  was_paused boolean;
begin
  if the_kind is null then
    delete from windlass.queue where name = the_queue and paused_at is not null
    returning coalesce(paused_until > us, true) into was_paused;
  else
    update windlass.paused_kind set paused_until = us
    where kind = the_kind and coalesce(paused_until > us, true);
    was_paused := found;
  end if;
  perform pg_notify(channel, '') from windlass.idle where the_kind is not null or the_queue = any (queues);
  return coalesce(was_paused, false);
end
$$;

-- For people: a pause for a time (an interval), or until it is resumed.
create function windlass.pause_queue(name text, note text default null, lasting interval default null) returns void
language sql volatile as
$$
  select windlass.pause(us, name, null, note, us + (extract(epoch from lasting) * 1000000)::bigint)
  from (select windlass.now_us() as us) as clock
$$;

create function windlass.pause_kind(name text, note text default null, lasting interval default null) returns void
language sql volatile as
$$
  select windlass.pause(us, null, name, note, us + (extract(epoch from lasting) * 1000000)::bigint)
  from (select windlass.now_us() as us) as clock
$$;

create function windlass.resume_queue(name text) returns boolean language sql volatile as
$$ select windlass.resume(windlass.now_us(), name, null) $$;

create function windlass.resume_kind(name text) returns boolean language sql volatile as
$$ select windlass.resume(windlass.now_us(), null, name) $$;

-- Has the workers of a program fetch news at once.
create function windlass.tell_program(the_program text) returns void language sql volatile as
$$
  with told as (
    update windlass.worker set attention = true
    where regexp_replace(btrim(build), '\s+\S+$', '') = the_program
    returning id
  )
  select pg_notify('windlass_' || replace(id::text, '-', ''), 'news') from told
$$;

-- Sets the minimum build of a program; false where too many programs have one.
create function windlass.write_minimum_build(the_program text, the_version text, the_note text, us bigint) returns boolean
language plpgsql volatile as
$$
begin
  insert into windlass.minimum_build as m (program, version, note, set_at)
  select the_program, the_version, the_note, us
  where (select count(*) from windlass.minimum_build where program <> the_program) < 100
  on conflict (program) do update set version = excluded.version, note = excluded.note, set_at = excluded.set_at;
  if not found then
    return false;
  end if;
  perform windlass.tell_program(the_program);
  return true;
end
$$;

-- For people: workers of this program whose build is older take no new work, select windlass.require_build('shop 2.14.0').
create function windlass.require_build(build text, note text default null) returns void language plpgsql volatile as
$$
declare
  parts text[] := regexp_match(btrim(build), '^(\S|\S.*\S)\s+[vV]?([0-9]+(?:\.[0-9]+)*)(?:[-+]\S*)?$');
begin
  if parts is null or build ~ '[[:cntrl:]]' or length(build) > 128 then
    raise exception 'windlass: % is not a minimum build', coalesce(quote_literal(left(build, 128)), 'null') using errcode = '22023',
      hint = 'a program''s name and a version of numbers, such as shop 2.14.0; up to 128 characters';
  end if;
  if octet_length(note) > 1024 then
    raise exception 'windlass: a note of % bytes is above the limit of 1024', octet_length(note) using errcode = '22023';
  end if;
  if not windlass.write_minimum_build(parts[1], parts[2], note, windlass.now_us()) then
    raise exception 'windlass: there are minimum builds of 100 programs already' using errcode = '22023',
      hint = 'remove one: select windlass.allow_builds(program)';
  end if;
end
$$;

-- Removes the minimum build of a program; says whether there was one.
create function windlass.allow_builds(the_program text) returns boolean language plpgsql volatile as
$$
begin
  delete from windlass.minimum_build where program = the_program;
  if not found then
    return false;
  end if;
  perform windlass.tell_program(the_program);
  return true;
end
$$;

-- Refuses an enqueue to a queue that has a bound and no room.
create function windlass.check_room(queue_name text) returns void language plpgsql volatile as
$$
declare
  most bigint;
begin
  select jobs into most from windlass.queue_bound where queue = queue_name;
  if (select count(*) from (select from windlass.pending where queue = queue_name and state = 2 and line is null limit most) as w)
     + (select count(*) from (select from windlass.pending where queue = queue_name and state = 2 and line is not null limit most) as w)
     >= most then
    raise exception 'windlass: queue % is full: % of its jobs wait for a worker', queue_name, most using errcode = '53400';
  end if;
end
$$;

-- For people: a bound of a queue, or none.
create function windlass.bound_queue(name text, jobs bigint, waits boolean default false) returns void language sql volatile as
$$
  insert into windlass.queue_bound as b (queue, jobs, waits) values (name, jobs, waits)
  on conflict (queue) do update set jobs = excluded.jobs, waits = excluded.waits
$$;

create function windlass.unbound_queue(name text) returns void language sql volatile as
$$ delete from windlass.queue_bound where queue = name $$;

-- For people: has the jobs of a queue age by one each so much of waiting, or no more where that is null.
create function windlass.age_queue(name text, every interval) returns void language plpgsql volatile as
$$
declare
  us bigint := (extract(epoch from every) * 1000000)::bigint;
begin
  if name is null or name !~ '^[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: a queue cannot be called %', coalesce(quote_literal(name), 'null') using errcode = '22023',
      hint = '1 to 128 letters, digits and . _ - : /';
  end if;
  if us not between 1000000 and 2592000000000 then
    raise exception 'windlass: the jobs of a queue cannot age by one each %', every using errcode = '22023',
      hint = 'from 1 second to 30 days';
  end if;
  if us is null then
    delete from windlass.queue_age where queue = name;
  else
    insert into windlass.queue_age as a (queue, every_us) values (name, us)
    on conflict (queue) do update set every_us = excluded.every_us;
  end if;
end
$$;

-- Takes the turn to claim from a queue; the session holds it. Returns the microseconds that it waited, or null where
-- the turn did not come within the patience, a text such as 90ms. Who waits gets it in the order of asking.
create function windlass.take_turn(queue text, patience text) returns bigint language plpgsql volatile as
$$
declare
  us bigint := windlass.now_us();
begin
  perform set_config('lock_timeout', patience, true);
  perform pg_advisory_lock(hashtext('windlass.claim'), hashtext(queue));
  return windlass.now_us() - us;
exception when lock_not_available then
  return null;
end
$$;

-- Every job, whatever its state, with the columns that people and tools ask for.
create view windlass.job as
select id, queue, kind, version,
       case state when 0 then 'waiting' when 1 then 'scheduled' when 2 then 'available' else 'retryable' end as state,
       priority, attempt, failures, losses, max_attempts, windlass.moment(run_at) as run_at,
       windlass.moment(created_at) as created_at, null::timestamptz as started_at,
       null::timestamptz as finished_at, null::text as worker, args, null::text as output, reason, origin
from windlass.pending
union all
select id, queue, kind, version, 'running', priority, attempt, failures, losses, max_attempts,
       windlass.moment(run_at), windlass.moment(created_at), windlass.moment(claimed_at), null, label, args, null,
       null, origin
from windlass.running_job
union all
select id, queue, kind, version,
       case state when 5 then 'completed' when 6 then 'cancelled' else 'dead' end,
       priority, attempt, failures, losses, max_attempts, windlass.moment(run_at), windlass.moment(created_at),
       windlass.moment(started_at), windlass.moment(finished_at), worker, args, output, reason, origin
from windlass.finished;

-- Whether a job runs or has ended.
create function windlass.is_elsewhere(the_id uuid) returns boolean language sql volatile as
$$
  select exists (select 1 from windlass.finished where id = the_id)
      or exists (select 1 from windlass.lease l, unnest(l.jobs) j where j.id = the_id)
$$;

-- Writes one job, unless its id may exist and does; says whether it wrote.
create function windlass.write_job(us bigint, the_id uuid, may_exist boolean, queue_name text, kind text, version smallint,
  priority smallint, max_attempts smallint, due bigint, args_text text, root uuid, parent uuid, origin text, meta text)
returns boolean language plpgsql volatile as
$$
begin
  if not may_exist then
    insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args,
      root, parent, origin, meta, line)
    values (the_id, due, us, case when due > us then 1 else 2 end, version, priority, max_attempts, queue_name, kind, args_text,
      root, parent, origin, meta, windlass.line_in(meta));
  else
    insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args,
      root, parent, origin, meta, line)
    values (the_id, due, us, case when due > us then 1 else 2 end, version, priority, max_attempts, queue_name, kind, args_text,
      root, parent, origin, meta, windlass.line_in(meta))
    on conflict (id) do nothing;
    if not found then
      return false;
    end if;
    -- Only now, in a new snapshot: a claim that took the row away has committed, or it would have
    -- kept the insert waiting.
    if windlass.is_elsewhere(the_id) then
      delete from windlass.pending p where p.id = the_id;
      return false;
    end if;
  end if;
  if due <= us then
    perform pg_notify(s.channel, '') from (select channel from windlass.idle where queue_name = any (queues) limit 1) s;
  end if;
  return true;
end
$$;

-- Whether a job is in a state that its unique key covers. The grip is how a job that waits is locked: 0 not at all; 1 it
-- does not begin before the caller's transaction is over, and sees what that wrote; 2 the caller is to change it.
create function windlass.holds_key(the_job uuid, until smallint, expires_at bigint, us bigint, grip smallint)
returns boolean language plpgsql volatile as
$$
declare
  place smallint;
  tried integer;
begin
  if until = 2 then
    return expires_at > us;
  end if;
  loop
    -- One look, so that a job on its way from one place to the other is seen in one of them.
    -- One that has expired does not run any more, whether a sweep has found it or not.
    select case when exists (select from windlass.pending p where p.id = the_job
                             and coalesce(windlass.expiry(p.meta, p.created_at) > us, true)) then 1
                when exists (select from windlass.running_job where id = the_job) then 2
                else 0 end into place;
    if place <> 1 then
      return place = 2 and until = 1;
    end if;
    if grip = 0 and until = 1 then
      return true;
    elsif grip = 2 then
      select attempt into tried from windlass.pending where id = the_job for no key update;
    else
      select attempt into tried from windlass.pending where id = the_job for share;
    end if;
    if found then
      return until = 1 or tried = 0;
    end if;
  end loop;
end
$$;

-- Takes a unique key for a job, and returns the job that holds it instead, or null. Of two open transactions that
-- want one key the second waits for the end of the first.
create function windlass.take_key(the_kind text, the_key text, the_job uuid, the_until smallint, the_end bigint, us bigint,
  replaces boolean) returns uuid language plpgsql volatile as
$$
declare
  held windlass.unique_key;
  grip smallint;
begin
  loop
    insert into windlass.unique_key (kind, key, job, until, expires_at)
    values (the_kind, the_key, the_job, the_until, the_end)
    on conflict do nothing;
    if found then
      return null;
    end if;
    select * into held from windlass.unique_key where kind = the_kind and key = the_key;
    continue when not found;
    grip := case when replaces then 2 when the_until = 0 or held.until = 0 then 1 else 0 end;
    if held.job <> the_job and windlass.holds_key(held.job, held.until, held.expires_at, us, grip) then
      return held.job;
    end if;
    -- Asked again under a lock: somebody may have taken the key meanwhile, or its job may live again.
    select * into held from windlass.unique_key where kind = the_kind and key = the_key for update;
    continue when not found;
    if held.job = the_job or not windlass.holds_key(held.job, held.until, held.expires_at, us, grip) then
      update windlass.unique_key set job = the_job, until = the_until, expires_at = the_end
      where kind = the_kind and key = the_key;
      return null;
    end if;
    return held.job;
  end loop;
end
$$;

-- Takes the key of a job that is to live again; says whether it has it, or needs none: a job that was claimed before does
-- not hold a key until its start.
create function windlass.retake_key(the_job uuid, the_kind text, meta text, tried integer, us bigint) returns boolean
language plpgsql volatile as
$$
declare
  own   jsonb    := meta::jsonb->'unique';
  until smallint := case own->>'until' when 'finished' then 1 when 'started' then 0 end;
begin
  return until is null or (until = 0 and tried > 0)
      or windlass.take_key(the_kind, own->>'key', the_job, until, null, us, false) is null;
end
$$;

-- Removes unique keys that nobody holds any more, among the next ones of a walk in the order of the keys. Returns the
-- last key it looked at, or nulls at the end.
create function windlass.forget_keys(after_kind text, after_key text, most integer, us bigint, out last_kind text, out last_key text)
language plpgsql volatile as
$$
declare
  kinds text[];
  keys  text[];
begin
  -- Locked first, and judged in a later snapshot: who takes one of them waits, or has taken it before.
  select array_agg(k.kind), array_agg(k.key) into kinds, keys
  from (select kind, key from windlass.unique_key where (kind, key) > (after_kind, after_key)
        order by kind, key limit most for update skip locked) as k;
  delete from windlass.unique_key k using unnest(kinds, keys) as old(kind, key)
  where k.kind = old.kind and k.key = old.key
    and case k.until
          when 2 then k.expires_at <= us
          else not exists (select from windlass.pending p where p.id = k.job and (k.until = 1 or p.attempt = 0))
           and (k.until = 0 or k.job not in (select id from windlass.running_job)) end;
  if cardinality(kinds) >= most then
    last_kind := kinds[most];
    last_key := keys[most];
  end if;
end
$$;

-- Writes one job, which may have a unique key. Returns what happened to it and which job the answer is about:
-- 0 a job with its id exists · 1 written · 2 kept · 3 replaced · 4 rejected, and nothing was written.
create function windlass.write_one(us bigint, the_id uuid, may_exist boolean, queue_name text, the_kind text,
  the_version smallint, the_priority smallint, max_attempts smallint, due bigint, args_text text, root uuid, parent uuid,
  the_origin text, meta text, out answer smallint, out job uuid)
language plpgsql volatile as
$$
declare
  own      jsonb    := meta::jsonb->'unique';
  until    smallint := case own->>'until' when 'started' then 0 when 'elapsed' then 2 else 1 end;
  conflict text     := coalesce(own->>'on_conflict', 'keep');
  the_expiry bigint := windlass.expiry(meta, us);
begin
  job := the_id;
  if own is null then
    answer := windlass.write_job(us, the_id, may_exist, queue_name, the_kind, the_version, the_priority, max_attempts, due,
                                 args_text, root, parent, the_origin, meta)::int::smallint;
    return;
  end if;
  if may_exist and (exists (select from windlass.pending p where p.id = the_id) or windlass.is_elsewhere(the_id)) then
    answer := 0;
    return;
  end if;
  job := windlass.take_key(the_kind, own->>'key', the_id, until,
                           case when until = 2 then us + (own->>'for_ms')::bigint * 1000 end, us, conflict = 'replace');
  if job is null then
    job := the_id;
    answer := windlass.write_job(us, the_id, may_exist, queue_name, the_kind, the_version, the_priority, max_attempts, due,
                                 args_text, root, parent, the_origin, meta)::int::smallint;
    if answer = 0 then
      -- A job with this id came meanwhile, and has no claim to the key.
      delete from windlass.unique_key k where k.kind = the_kind and k.key = own->>'key' and k.job = the_id;
    end if;
    return;
  end if;
  answer := case conflict when 'reject' then 4 else 2 end;
  if conflict = 'replace' then
    update windlass.pending p
    set args = args_text, version = the_version, priority = the_priority, run_at = due,
        meta = windlass.unaged(case when coalesce(windlass.expiry(p.meta, p.created_at), the_expiry) is null then p.meta
                                    else windlass.with_expiry(p.meta, the_expiry) end),
        state = case when p.state = 0 and due <= us then 0 when due <= us then 2 when p.state = 3 then 3 else 1 end
    where p.id = job;
    if found then
      answer := 3;
    end if;
  end if;
  -- Claims passed over the job while it was locked: somebody looks once this is committed.
  perform pg_notify(s.channel, '')
  from (select i.channel from windlass.pending p join windlass.idle i on p.queue = any (i.queues)
        where p.id = job and p.state = 2 limit 1) s;
  if answer <> 4 then
    insert into windlass.duplicate (at, kind, key, answer, job, origin)
    values (us, the_kind, own->>'key', answer, job, the_origin);
  end if;
end
$$;

-- Writes jobs of which some are unique, all of them or none. Returns a row for each, in their order: what happened to
-- it and of which job, as in write_one. Where one is rejected nothing is written and its row is the only one; the
-- same with answer 5 where another transaction, still open after the patience, keeps a key, and with 6 where a rule of its
-- lane refuses one. Without a patience it waits.
create function windlass.write_jobs(us bigint, ids uuid[], given smallint[], queues text[], kinds text[], versions smallint[],
  priorities smallint[], limits smallint[], moments bigint[], delays bigint[], args text[], roots uuid[], parents uuid[],
  origins text[], metas text[], patience text, out nth integer, out answer smallint, out job uuid) returns setof record
language plpgsql volatile as
$$
declare
  usual   text       := current_setting('lock_timeout');
  answers smallint[] := '{}';
  jobs    uuid[]     := '{}';
  place   text;
  holder  text;
begin
  begin
    if patience is not null then
      perform set_config('lock_timeout', patience, true);
    end if;
    -- The lanes first and then the keys, each in one order, so that two callers do not wait for each other.
    for nth in
      select min(t.nth) from unnest(metas) with ordinality as t(meta, nth)
      where windlass.lane_lock(t.meta) is not null group by windlass.lane_lock(t.meta) order by windlass.lane_lock(t.meta)
    loop
      perform pg_advisory_xact_lock(hashtext('windlass.lane'), windlass.lane_lock(metas[nth]));
    end loop;
    for nth in
      select t.nth from unnest(kinds, metas) with ordinality as t(kind, meta, nth)
      order by t.kind, t.meta::jsonb->'unique'->>'key', t.nth
    loop
      select w.answer, w.job into answer, job
      from windlass.write_one(us, ids[nth], given[nth] = 1, queues[nth], kinds[nth], versions[nth], priorities[nth],
             limits[nth], coalesce(moments[nth], us + delays[nth]), args[nth], roots[nth], parents[nth], origins[nth],
             metas[nth]) w;
      if answer = 4 then
        raise exception using errcode = 'WL001', message = nth::text, detail = job::text;
      end if;
      answers[nth] := answer;
      jobs[nth] := job;
    end loop;
    -- What its key or its id kept out does nothing in its lane. The others do it in the order of the call.
    for nth in
      select t.nth from unnest(metas, answers) with ordinality as t(meta, answer, nth)
      where t.answer = 1 and windlass.lane_lock(t.meta) is not null order by t.nth
    loop
      job := windlass.enter_lane(us, ids[nth], ids[nth + 1:], kinds[nth], metas[nth]::jsonb->'lane');
      if job is not null then
        raise exception using errcode = 'WL002', message = nth::text, detail = job::text;
      end if;
    end loop;
    -- The commit is not to fail for waiting as long.
    if patience is not null then
      perform set_config('lock_timeout', usual, true);
    end if;
  exception when lock_not_available then
    answer := 5;
    job := ids[nth];
    return next;
    return;
  when sqlstate 'WL001' then
    -- What was written since is undone with this block; the caller's transaction goes on.
    get stacked diagnostics place = message_text, holder = pg_exception_detail;
    nth := place::integer;
    answer := 4;
    job := holder::uuid;
    insert into windlass.duplicate (at, kind, key, answer, job, origin)
    values (us, kinds[nth], metas[nth]::jsonb->'unique'->>'key', answer, job, origins[nth]);
    return next;
    return;
  when sqlstate 'WL002' then
    get stacked diagnostics place = message_text, holder = pg_exception_detail;
    nth := place::integer;
    answer := 6;
    job := holder::uuid;
    insert into windlass.duplicate (at, kind, key, answer, job, origin)
    values (us, kinds[nth], metas[nth]::jsonb->'lane'->>'key', 6, job, origins[nth]);
    return next;
    return;
  end;
  return query select t.nth::integer, t.answer, t.job from unnest(answers, jobs) with ordinality as t(answer, job, nth);
end
$$;

-- The tags among the options of an enqueue, as they are stored; null where there are none.
create function windlass.tags_of(options jsonb) returns jsonb language plpgsql immutable as
$$
begin
  if coalesce(options->'tags', 'null') = 'null' or options->'tags' = '[]' then
    return null;
  elsif jsonb_typeof(options->'tags') <> 'array' or jsonb_array_length(options->'tags') > 32 or exists (
      select from jsonb_array_elements(options->'tags') as tag
      where jsonb_typeof(tag) <> 'string' or tag#>>'{}' !~ '^[[:alnum:]._:/-]{1,128}$') then
    raise exception 'windlass: tags % cannot be used', options->'tags' using errcode = '22023',
      hint = 'an array of up to 32 texts, each of up to 128 letters, digits and . _ - : /';
  end if;
  return options->'tags';
end
$$;

-- The same for the subjects, each of them type=id.
create function windlass.subjects_of(options jsonb) returns jsonb language plpgsql immutable as
$$
declare
  subjects jsonb;
begin
  if coalesce(options->'subjects', 'null') = 'null' then
    return null;
  elsif jsonb_typeof(options->'subjects') = 'object' then
    select jsonb_agg(s.type || '=' || (id#>>'{}')) into subjects
    from jsonb_each(options->'subjects') as s(type, ids),
         jsonb_array_elements(case jsonb_typeof(ids) when 'array' then ids else jsonb_build_array(ids) end) as id;
    if subjects is null then
      return null;
    elsif jsonb_array_length(subjects) + jsonb_array_length(coalesce(windlass.tags_of(options), '[]')) <= 32 and not exists (
        select from jsonb_array_elements_text(subjects) as subject
        where subject is null or subject !~ '^[[:alnum:]._:/-]{1,128}=[^[:space:][:cntrl:],]+$'
           or octet_length(substr(subject, strpos(subject, '=') + 1)) > 256) and not exists (
        select from jsonb_each(options->'subjects') as s(type, ids),
             jsonb_array_elements(case jsonb_typeof(ids) when 'array' then ids else jsonb_build_array(ids) end) as id
        where jsonb_typeof(id) not in ('string', 'number') or jsonb_typeof(id) = 'number' and id::text !~ '^-?[0-9]+$') then
      return subjects;
    end if;
  end if;
  raise exception 'windlass: subjects % cannot be used', options->'subjects' using errcode = '22023',
    hint = 'an object of types with ids, such as {"customer": 42, "order": ["a7", "b2"]}: with the tags up to 32, ids of up '
           'to 256 bytes without blanks and commas';
end
$$;

-- Writes a job as the options of windlass.enqueue say it, and leaves its lane to the caller.
create function windlass.write_by_sql(us bigint, kind text, args jsonb, options jsonb, out id uuid, out is_new boolean)
language plpgsql volatile as
$$
declare
  given_id uuid := (options->>'id')::uuid;
  the_id uuid := coalesce(given_id, windlass.new_id(us));
  queue_name   text := coalesce(options->>'queue', 'default');
  due    bigint := coalesce(
    (extract(epoch from (options->>'run_at')::timestamptz) * 1000000)::bigint,
    us + (extract(epoch from (options->>'delay')::interval) * 1000000)::bigint, us);
  args_text   text := coalesce(args, 'null')::text;
  expiry bigint := coalesce(
    (extract(epoch from (options->>'expires_at')::timestamptz) * 1000000)::bigint,
    due + (extract(epoch from (options->>'expires_in')::interval) * 1000000)::bigint);
  loss_limit  integer := (options->>'max_losses')::integer;
  the_version integer := coalesce((options->>'version')::integer, 1);
  attempts    integer := (options->>'max_attempts')::integer;
  for_ms      bigint  := (extract(epoch from (options->>'unique_for')::interval) * 1000)::bigint;
  own    jsonb;
  meta   text;
  written record;
  wrong  text;
begin
  select key into wrong from jsonb_object_keys(options) as key
    where key not in ('queue', 'priority', 'version', 'max_attempts', 'max_losses', 'run_at', 'delay', 'id', 'origin',
                      'expires_at', 'expires_in', 'tags', 'subjects', 'unique_key', 'unique_until', 'unique_for',
                      'on_conflict', 'lane', 'when_dead', 'supersedes', 'refused_by', 'fair', 'weight', 'limit_key',
                      'limit_name', 'limit_running', 'cost')
    limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'queue, priority, version, max_attempts, max_losses, run_at, delay, id, origin, expires_at, expires_in, '
             'tags, subjects, unique_key, unique_until, unique_for, on_conflict, lane, when_dead, supersedes, refused_by, '
             'fair, weight, limit_key, limit_name, limit_running, cost';
  end if;
  if kind is null or kind !~ '^[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: kind % cannot be used', coalesce(quote_literal(kind), 'null') using errcode = '22023',
      hint = 'up to 128 letters, digits and . _ - : /';
  end if;
  if queue_name !~ '^[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: queue % cannot be used', quote_literal(queue_name) using errcode = '22023',
      hint = 'up to 128 letters, digits and . _ - : /';
  end if;
  if octet_length(args_text) > 262144 then
    raise exception 'windlass: args of % bytes are above the limit of 262144', octet_length(args_text) using errcode = '22023';
  end if;
  if loss_limit not between 0 and 65535 then
    raise exception 'windlass: max_losses % cannot be used', loss_limit using errcode = '22023',
      hint = 'a number from 0, which sets no limit, to 65535';
  end if;
  if the_version not between 1 and 32767 then
    raise exception 'windlass: version % cannot be used', the_version using errcode = '22023',
      hint = 'a number from 1 to 32767';
  end if;
  if attempts not between 0 and 32767 then
    raise exception 'windlass: max_attempts % cannot be used', attempts using errcode = '22023',
      hint = 'a number from 0, which never gives up, to 32767';
  end if;
  if options ?& array['expires_at', 'expires_in']
     or expiry <= due and (due > us or options ?| array['expires_in', 'run_at']) then
    raise exception 'windlass: a job expires at a moment or after a time, and later than it is due' using errcode = '22023',
      hint = 'expires_at or expires_in';
  end if;
  if not options ? 'unique_key' and options ?| array['unique_until', 'unique_for', 'on_conflict'] then
    raise exception 'windlass: a unique key is missing' using errcode = '22023', hint = 'the option unique_key';
  end if;
  if options ? 'unique_key' then
    if coalesce(octet_length(options->>'unique_key'), 0) not between 1 and 1024 then
      raise exception 'windlass: a unique key has 1 to 1024 bytes' using errcode = '22023';
    end if;
    if for_ms not between 1 and 4000000000000 or options ? 'unique_for' and options ? 'unique_until' then
      raise exception 'windlass: a unique key is held either for a time or until started or finished' using errcode = '22023';
    end if;
    if coalesce(options->>'unique_until', 'finished') not in ('started', 'finished')
       or coalesce(options->>'on_conflict', 'keep') not in ('keep', 'replace', 'reject') then
      raise exception 'windlass: unique_until % or on_conflict % cannot be used', options->>'unique_until', options->>'on_conflict'
        using errcode = '22023', hint = 'started or finished; keep, replace or reject';
    end if;
    own := jsonb_strip_nulls(jsonb_build_object(
      'key', options->>'unique_key', 'for_ms', for_ms, 'on_conflict', coalesce(options->>'on_conflict', 'keep'),
      'until', case when for_ms is null then coalesce(options->>'unique_until', 'finished') else 'elapsed' end));
  end if;
  meta := nullif((jsonb_strip_nulls(jsonb_build_object('max_losses', loss_limit, 'unique', own, 'expires_at', expiry,
            'tags', windlass.tags_of(options), 'subjects', windlass.subjects_of(options)))
            || windlass.line_options(kind, options))::text, '{}');
  if exists (select from windlass.queue_bound) then
    perform windlass.check_room(queue_name);
  end if;
  if own is null then
    id := the_id;
    is_new := windlass.write_job(us, the_id, given_id is not null, queue_name, kind, the_version::smallint,
      coalesce((options->>'priority')::smallint, 0::smallint), attempts::smallint, due, args_text,
      null, null, coalesce(options->>'origin', 'sql'), meta);
    return;
  end if;
  select * into written from windlass.write_one(us, the_id, given_id is not null, queue_name, kind,
    the_version::smallint, coalesce((options->>'priority')::smallint, 0::smallint), attempts::smallint, due, args_text,
    null, null, coalesce(options->>'origin', 'sql'), meta);
  if written.answer = 4 then
    raise exception 'windlass: % with the unique key % is there already: %', kind, quote_literal(options->>'unique_key'), written.job
      using errcode = '23505';
  end if;
  id := written.job;
  is_new := written.answer = 1;
end
$$;

-- Enqueue for every language. Options, all of them optional: queue, priority, version, max_attempts,
-- max_losses (worker deaths, 0 for no limit), run_at (RFC 3339), delay (an interval's text), expires_at (RFC 3339) or
-- expires_in (an interval's text, from when it is due: it does not start after that), id (a UUID:
-- an existing job with it is kept), origin, tags (an array of words), subjects (an object of types with an id or an array
-- of ids), unique_key (there is one job of its kind with it), unique_until (started or
-- finished), unique_for (an interval's text), on_conflict (keep, replace or reject). Returns the job's id, or that of
-- the one that holds its key. For jobs in line: see windlass.line_options.
create function windlass.enqueue(kind text, args jsonb default 'null', options jsonb default '{}')
returns uuid language plpgsql volatile as
$$
declare
  the_id uuid;
begin
  if options ?| array['supersedes', 'refused_by'] then
    select id into the_id
    from windlass.enqueue_many(jsonb_build_array(options || jsonb_build_object('kind', kind, 'args', args))) as id;
  else
    select w.id into the_id from windlass.write_by_sql(windlass.now_us(), kind, args, options) w;
  end if;
  return the_id;
end
$$;

-- Many at once: an array of objects with kind, args and the options of windlass.enqueue. Returns the ids in their order.
create function windlass.enqueue_many(jobs jsonb) returns setof uuid language plpgsql volatile as
$$
declare
  us      bigint := windlass.now_us();
  ids     uuid[] := '{}';
  news    boolean[] := '{}';
  one     record;
  written record;
begin
  -- The lanes first and then the keys, each in one order, so that two callers do not wait for each other.
  for one in
    select distinct hashtext('l' || (job->>'lane')) as lock from jsonb_array_elements(jobs) as job
    where job->>'lane' is not null and job ?| array['supersedes', 'refused_by'] order by 1
  loop
    perform pg_advisory_xact_lock(hashtext('windlass.lane'), one.lock);
  end loop;
  -- Each has a moment of its own, by which it stands in its lane in the order of the call.
  for one in
    select job, nth::integer from jsonb_array_elements(jobs) with ordinality as t(job, nth)
    order by job->>'kind', job->>'unique_key', nth
  loop
    select * into written
    from windlass.write_by_sql(us + one.nth, one.job->>'kind', coalesce(one.job->'args', 'null'), one.job - 'kind' - 'args');
    ids[one.nth] := written.id;
    news[one.nth] := written.is_new;
  end loop;
  -- What its key or its id kept out does nothing in its lane.
  for one in
    select job, nth::integer from jsonb_array_elements(jobs) with ordinality as t(job, nth)
    where news[nth] and job ?| array['supersedes', 'refused_by'] order by nth
  loop
    perform windlass.enter_lane_by_sql(us, ids[one.nth], ids[one.nth + 1:], one.job);
  end loop;
  return query select unnest(ids);
end
$$;

create function windlass.enter_lane_by_sql(us bigint, the_id uuid, later uuid[], options jsonb) returns void
language plpgsql volatile as
$$
declare
  refusing uuid := windlass.enter_lane(us, the_id, later, options->>'kind',
    jsonb_strip_nulls(jsonb_build_object('key', options->>'lane', 'supersedes', options->'supersedes',
                                         'refused_by', options->'refused_by')));
begin
  if refusing is not null then
    raise exception 'windlass: % is refused in the lane %: % is there', options->>'kind', quote_literal(options->>'lane'), refusing
      using errcode = '23505';
  end if;
end
$$;

-- Schedules: what is enqueued again and again. next_at is when the leader looks at one next: 0 where its next due time is
-- to be computed, which SQL cannot, and the largest number where it is paused or removed, or cannot be read. Every write
-- changes the revision, and one on the strength of a look names the one it saw.
create table windlass.schedule (
  name           text     not null primary key,
  rule           text     not null,
  zone           text     not null,
  on_missed      text     not null check (on_missed in ('none', 'one', 'all')),
  on_overlap     text     not null check (on_overlap in ('skip', 'queue', 'allow')),
  kind           text     not null,
  version        smallint not null,
  queue          text     not null,
  priority       smallint not null,
  max_attempts   smallint,
  args           text     not null,
  meta           text,
  owner          text     not null check (owner in ('code', 'config', 'person')),
  changed_by     text     not null,
  changed_at     bigint   not null,
  -- what a program declared last, and what was declared before that was something else
  declared       text,
  declared_owner text,
  declared_by    text,
  declared_at    bigint,
  replaced       text,
  replaced_owner text,
  replaced_by    text,
  replaced_at    bigint,
  contested_at   bigint,
  paused_at      bigint,
  note           text,
  removed_at     bigint,
  from_at        bigint   not null,
  next_at        bigint   not null,
  queued_due_at  bigint,
  last_due_at    bigint,
  last_job       uuid,
  fired          bigint   not null default 0,
  skipped        bigint   not null default 0,
  missed         bigint   not null default 0,
  error          text,
  revision       bigint   not null
) with (fillfactor = 50);

create index schedule_due on windlass.schedule (next_at);
create index schedule_queued on windlass.schedule (name) where queued_due_at is not null;

-- How long until a schedule is due, or 0 where a run waits for the end of the job before it and that counts; null where
-- nothing is due. Volatile, so that it sees what its own statement has written before.
create function windlass.next_fire(us bigint, counts_queued boolean) returns bigint language sql volatile as
$$
  select case when counts_queued and exists (select from windlass.schedule where queued_due_at is not null) then 0
              else (select greatest(min(next_at) - us, 0) from windlass.schedule where next_at < 9223372036854775807
                    having count(*) > 0) end
$$;

-- Schedules move on and their jobs are written: each if it still is at the revision that was seen. A firing is an object
-- with name, seen, next, queued, last_due, skipped, missed, error and jobs. Returns the places, from 1, of those written,
-- and negative ones of those that another transaction, still open after the patience, keeps: theirs stay due.
create function windlass.fire(firings jsonb, us bigint, patience text) returns setof integer language plpgsql volatile as
$$
declare
  usual text      := current_setting('lock_timeout');
  free  text[];
  taken integer[] := '{}';
  one   record;
begin
  perform set_config('lock_timeout', patience, true);
  -- The schedules, their lanes and then their keys, each in one order, so that two leaders do not wait for each other. All
  -- jobs of a schedule have one lane and one key.
  begin
    perform from windlass.schedule where name in (select f->>'name' from jsonb_array_elements(firings) f) order by name for update;
  exception when lock_not_available then
    null;
  end;
  free := array(select name from windlass.schedule where name in (select f->>'name' from jsonb_array_elements(firings) f)
                for update skip locked);
  for one in
    select distinct windlass.lane_lock(f->'jobs'->0->>'meta') as lane from jsonb_array_elements(firings) f order by 1
  loop
    continue when one.lane is null or pg_try_advisory_xact_lock(hashtext('windlass.lane'), one.lane);
    begin
      perform pg_advisory_xact_lock(hashtext('windlass.lane'), one.lane);
    exception when lock_not_available then
      taken := taken || one.lane;
      -- It has waited: the others are taken as they are.
      patience := '1ms';
      perform set_config('lock_timeout', patience, true);
    end;
  end loop;
  for one in
    select t.place::integer, t.firing, windlass.lane_lock(t.firing->'jobs'->0->>'meta') as lane,
           (t.firing->'jobs'->0->>'meta')::jsonb->'unique'->>'key' as key
    from jsonb_array_elements(firings) with ordinality as t(firing, place)
    order by t.firing->'jobs'->0->>'kind', key, t.place
  loop
    if one.lane = any (taken) or one.firing->>'name' <> all (free)
         and exists (select from windlass.schedule where name = one.firing->>'name') then
      return next -one.place;
    elsif coalesce(one.key, one.lane::text) is null then
      perform set_config('lock_timeout', usual, true);
      if windlass.fire_one(one.firing, us) then
        return next one.place;
      end if;
    else
      perform set_config('lock_timeout', patience, true);
      begin
        if windlass.fire_one(one.firing, us) then
          return next one.place;
        end if;
      exception when lock_not_available then
        return next -one.place;
        patience := '1ms';
      end;
    end if;
  end loop;
  -- The commit is not to fail for waiting as long.
  perform set_config('lock_timeout', usual, true);
end
$$;

create function windlass.fire_one(firing jsonb, us bigint) returns boolean language plpgsql volatile as
$$
declare
  job    jsonb;
  last   uuid;
  number integer := 0;
  answer record;
begin
  update windlass.schedule
  set next_at = (firing->>'next')::bigint, queued_due_at = (firing->>'queued')::bigint,
      last_due_at = (firing->>'last_due')::bigint, skipped = skipped + (firing->>'skipped')::bigint,
      missed = missed + (firing->>'missed')::bigint, error = firing->>'error',
      revision = revision + 1
  where name = firing->>'name' and revision = (firing->>'seen')::bigint;
  if not found then
    return false;
  end if;
  for job in select j from jsonb_array_elements(firing->'jobs') j loop
    select * into answer from windlass.write_scheduled_job(job, (job->>'meta')::jsonb, us);
    last := answer.job;
    number := number + (answer.answer = 1)::integer;
  end loop;
  if last is not null then
    update windlass.schedule set last_job = last, fired = fired + number where name = firing->>'name';
  end if;
  return true;
end
$$;

-- Writes one job of a schedule, and notes one that is rejected or refused in its lane: the answer is that of write_jobs.
create function windlass.write_scheduled_job(new jsonb, meta jsonb, us bigint, out answer smallint, out job uuid)
language plpgsql volatile as
$$
begin
  if windlass.lane_lock(new->>'meta') is null then
    select w.answer, w.job into answer, job from windlass.write_scheduled_one(new, us) w;
  else
    begin
      select w.answer, w.job into answer, job from windlass.write_scheduled_one(new, us) w;
      if answer = 1 then
        job := windlass.enter_lane(us, (new->>'id')::uuid, '{}', new->>'kind', meta->'lane');
        if job is not null then
          raise exception using errcode = 'WL002';
        end if;
        job := (new->>'id')::uuid;
      end if;
    exception when sqlstate 'WL002' then
      -- The job, which had been written, is undone with this block.
      answer := 6;
    end;
  end if;
  if answer in (4, 6) then
    insert into windlass.duplicate (at, kind, key, answer, job, origin)
    values (us, new->>'kind', meta->case answer when 4 then 'unique' else 'lane' end->>'key', answer, job, new->>'origin');
  end if;
end
$$;

create function windlass.write_scheduled_one(new jsonb, us bigint, out answer smallint, out job uuid) language sql volatile as
$$
  select w.answer, w.job
  from windlass.write_one(us, (new->>'id')::uuid, false, new->>'queue', new->>'kind', (new->>'version')::smallint,
         (new->>'priority')::smallint, (new->>'max_attempts')::smallint, us, new->>'args', null, null, new->>'origin',
         new->>'meta') w
$$;

-- Writes schedules, each if it still is at the revision that was seen, or if there is none and none was seen. Returns the
-- places, from 1, of those written.
create function windlass.write_schedules(puts jsonb, us bigint) returns setof integer language plpgsql volatile as
$$
declare
  place integer := 0;
  put   record;
  was   windlass.schedule;
begin
  perform from windlass.schedule where name in (select p->>'name' from jsonb_array_elements(puts) p) order by name for update;
  for put in
    select * from jsonb_to_recordset(puts) as p(name text, seen bigint, rule text, zone text, on_missed text,
      on_overlap text, kind text, version smallint, queue text, priority smallint, max_attempts smallint, args text,
      meta text, owner text, changed_by text, declared text, declared_owner text, declared_by text, declared_at bigint,
      replaced text, replaced_owner text, replaced_by text, replaced_at bigint, is_contested boolean, from_now boolean)
  loop
    place := place + 1;
    if put.seen is null then
      insert into windlass.schedule (name, rule, zone, on_missed, on_overlap, kind, version, queue, priority, max_attempts,
        args, meta, owner, changed_by, changed_at, declared, declared_owner, declared_by, declared_at, from_at, next_at, revision)
      values (put.name, put.rule, put.zone, put.on_missed, put.on_overlap, put.kind, put.version, put.queue, put.priority,
        put.max_attempts, put.args, put.meta, put.owner, put.changed_by, us, put.declared, put.declared_owner,
        put.declared_by, case when put.declared is not null then coalesce(put.declared_at, us) end, us, 0, us)
      on conflict (name) do nothing;
    else
      update windlass.schedule s
      set rule = put.rule, zone = put.zone, on_missed = put.on_missed, on_overlap = put.on_overlap, kind = put.kind,
          version = put.version, queue = put.queue, priority = put.priority, max_attempts = put.max_attempts,
          args = put.args, meta = put.meta, owner = put.owner, changed_by = coalesce(put.changed_by, s.changed_by),
          changed_at = case when put.changed_by is null then s.changed_at else us end,
          declared = put.declared, declared_owner = put.declared_owner, declared_by = put.declared_by,
          declared_at = case when put.declared is not null then coalesce(put.declared_at, us) end,
          replaced = put.replaced, replaced_owner = put.replaced_owner, replaced_by = put.replaced_by,
          replaced_at = put.replaced_at, contested_at = case when put.is_contested then us else s.contested_at end,
          from_at = case when put.from_now then us else s.from_at end,
          next_at = case when not put.from_now then s.next_at when s.paused_at is null then 0 else 9223372036854775807 end,
          removed_at = case when not put.from_now then s.removed_at end,
          error = case when not put.from_now then s.error end,
          skipped = s.skipped + (put.from_now and s.queued_due_at is not null)::int,
          queued_due_at = case when not put.from_now then s.queued_due_at end,
          revision = s.revision + 1
      where s.name = put.name and s.revision = put.seen;
    end if;
    if found then
      return next place;
    end if;
  end loop;
end
$$;

-- The way in for every language: select windlass.put_schedule('nightly', '30 2 * * *', 'report', '{}', '{"zone": "Europe/Berlin"}').
-- Options, all of them optional: zone, on_missed (none, one or all), on_overlap (skip, queue or allow), version, queue,
-- priority, max_attempts, changed_by. A rule or a zone that cannot be read shows as an error of the schedule, once the
-- leader has seen it.
create function windlass.put_schedule(the_name text, the_rule text, the_kind text, the_args jsonb default 'null',
  options jsonb default '{}') returns void language plpgsql volatile as
$$
declare
  us        bigint  := windlass.now_us();
  the_queue text    := coalesce(options->>'queue', 'default');
  the_zone  text    := coalesce(options->>'zone', 'UTC');
  the_version integer := coalesce((options->>'version')::integer, 1);
  attempts  integer := (options->>'max_attempts')::integer;
  args_text text    := coalesce(the_args, 'null')::text;
  wrong     text;
begin
  select key into wrong from jsonb_object_keys(options) as key
    where key not in ('zone', 'on_missed', 'on_overlap', 'version', 'queue', 'priority', 'max_attempts', 'changed_by') limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'zone, on_missed, on_overlap, version, queue, priority, max_attempts, changed_by';
  end if;
  foreach wrong in array array[the_name, the_kind, the_queue] loop
    if wrong is null or wrong !~ '^[[:alnum:]._:/-]{1,128}$' then
      raise exception 'windlass: % cannot be the name of a schedule, a kind or a queue', coalesce(quote_literal(wrong), 'null')
        using errcode = '22023', hint = 'up to 128 letters, digits and . _ - : /';
    end if;
  end loop;
  if coalesce(octet_length(the_rule), 0) not between 1 and 256 then
    raise exception 'windlass: a rule is a cron line or an interval such as every 15m, of at most 256 bytes' using errcode = '22023';
  end if;
  if length(the_zone) not between 1 and 128 then
    raise exception 'windlass: a zone is the name of a time zone' using errcode = '22023';
  end if;
  if octet_length(args_text) > 262144 then
    raise exception 'windlass: args of % bytes are above the limit of 262144', octet_length(args_text) using errcode = '22023';
  end if;
  if coalesce(options->>'on_missed', 'one') not in ('none', 'one', 'all')
     or coalesce(options->>'on_overlap', 'skip') not in ('skip', 'queue', 'allow') then
    raise exception 'windlass: on_missed % or on_overlap % cannot be used', options->>'on_missed', options->>'on_overlap'
      using errcode = '22023', hint = 'none, one or all; skip, queue or allow';
  end if;
  if the_version not between 1 and 32767 or attempts not between 0 and 32767 then
    raise exception 'windlass: version % or max_attempts % cannot be used', the_version, attempts using errcode = '22023',
      hint = 'a number up to 32767';
  end if;
  insert into windlass.schedule as s
    (name, rule, zone, on_missed, on_overlap, kind, version, queue, priority, max_attempts, args, owner, changed_by,
     changed_at, from_at, next_at, revision)
  values (the_name, the_rule, the_zone, coalesce(options->>'on_missed', 'one'), coalesce(options->>'on_overlap', 'skip'),
    the_kind, the_version, the_queue, coalesce((options->>'priority')::smallint, 0::smallint), attempts, args_text,
    'person', coalesce(options->>'changed_by', 'sql'), us, us, 0, us)
  on conflict (name) do update
  set kind = excluded.kind, args = excluded.args, on_missed = excluded.on_missed, on_overlap = excluded.on_overlap,
      version = excluded.version, queue = excluded.queue, priority = excluded.priority, max_attempts = excluded.max_attempts,
      meta = null, owner = 'person', changed_by = excluded.changed_by, changed_at = us, rule = excluded.rule,
      zone = excluded.zone, removed_at = null, revision = s.revision + 1,
      from_at = case when s.rule = excluded.rule and s.zone = excluded.zone and s.removed_at is null and s.error is null
                     then s.from_at else us end,
      next_at = case when s.rule = excluded.rule and s.zone = excluded.zone and s.removed_at is null and s.error is null then s.next_at
                     when s.paused_at is null then 0 else 9223372036854775807 end,
      queued_due_at = case when s.rule = excluded.rule and s.zone = excluded.zone and s.removed_at is null and s.error is null
                           then s.queued_due_at end,
      error = null;
end
$$;

-- Lets a schedule fire no more until it is resumed; says whether there is one.
create function windlass.pause_schedule(the_name text, the_note text default null, us bigint default windlass.now_us())
returns boolean language plpgsql volatile as
$$
begin
  update windlass.schedule
  set paused_at = coalesce(paused_at, us), note = the_note, next_at = 9223372036854775807,
      skipped = skipped + (queued_due_at is not null)::int, queued_due_at = null, revision = revision + 1
  where name = the_name and removed_at is null;
  return found;
end
$$;

-- Ends the pause of a schedule; says whether it was paused. What was due meanwhile has no run.
create function windlass.resume_schedule(the_name text, us bigint default windlass.now_us())
returns boolean language plpgsql volatile as
$$
begin
  update windlass.schedule
  set paused_at = null, note = null, from_at = us, error = null, revision = revision + 1,
      next_at = case when removed_at is null then 0 else next_at end
  where name = the_name and paused_at is not null;
  return found;
end
$$;

-- Removes a schedule; says whether there was one. One that a program declares is kept as removed, so that the next
-- declaration does not bring it back; removing it once more forgets it.
create function windlass.remove_schedule(the_name text, us bigint default windlass.now_us())
returns boolean language plpgsql volatile as
$$
begin
  delete from windlass.schedule where name = the_name and (declared is null or removed_at is not null);
  if found then
    return true;
  end if;
  update windlass.schedule
  set removed_at = us, next_at = 9223372036854775807, skipped = skipped + (queued_due_at is not null)::int,
      queued_due_at = null, owner = 'person', revision = revision + 1
  where name = the_name;
  return found;
end
$$;
