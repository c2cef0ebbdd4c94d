-- A state is where the row lives: pending (waiting, scheduled, available, retryable), lease (running,
-- one row per claimed batch) or finished. Nothing hot is updated in place. Times are microseconds
-- since 1970. `windlass.` stands for the schema that was chosen.
--
-- States:   0 waiting · 1 scheduled · 2 available · 3 retryable · 4 running · 5 completed
--           6 cancelled · 7 dead; in job_count also 8, pruned
-- Outcomes: 0 ok · 1 error · 2 timeout · 3 panic · 4 lost · 5 released · 6 snoozed · 7 cancelled
--           8 expired · 9 discarded; in a history by their words

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
  reason       text
) with (fillfactor = 100, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.1);

-- Claim order. Rows of one batch share run_at and keep the order they were written in.
create index pending_ready on windlass.pending (queue, priority, run_at) where state = 2;
create index pending_due on windlass.pending (run_at) include (state, queue) where state in (1, 3);
create index pending_parked on windlass.pending (kind, version, queue) where state = 0;

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

-- The limits of losses that a worker's kinds declare, where that is not the default. They outlive the
-- worker's row, for as long as it has leases: the process that takes its jobs back may not know the kinds.
create table windlass.loss_limit (
  worker     uuid    not null,
  kind       text    not null,
  max_losses integer not null,
  primary key (worker, kind)
);

create table windlass.queue (
  name      text not null primary key,
  paused_at bigint,
  note      text
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
      root, parent, origin, meta)
    values (the_id, due, us, case when due > us then 1 else 2 end, version, priority, max_attempts, queue_name, kind, args_text,
      root, parent, origin, meta);
  else
    insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args,
      root, parent, origin, meta)
    values (the_id, due, us, case when due > us then 1 else 2 end, version, priority, max_attempts, queue_name, kind, args_text,
      root, parent, origin, meta)
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

-- Enqueue for every language. Options, all of them optional: queue, priority, version, max_attempts,
-- max_losses (worker deaths, 0 for no limit), run_at (RFC 3339), delay (an interval's text), id (a UUID:
-- an existing job with it is kept), origin.
create function windlass.enqueue(kind text, args jsonb default 'null', options jsonb default '{}')
returns uuid language plpgsql volatile as
$$
declare
  us     bigint := windlass.now_us();
  given_id uuid := (options->>'id')::uuid;
  the_id uuid := coalesce(given_id, windlass.new_id(us));
  queue_name   text := coalesce(options->>'queue', 'default');
  due    bigint := coalesce(
    (extract(epoch from (options->>'run_at')::timestamptz) * 1000000)::bigint,
    us + (extract(epoch from (options->>'delay')::interval) * 1000000)::bigint, us);
  args_text   text := coalesce(args, 'null')::text;
  loss_limit  integer := (options->>'max_losses')::integer;
  the_version integer := coalesce((options->>'version')::integer, 1);
  attempts    integer := (options->>'max_attempts')::integer;
  wrong  text;
begin
  select key into wrong from jsonb_object_keys(options) as key
    where key not in ('queue', 'priority', 'version', 'max_attempts', 'max_losses', 'run_at', 'delay', 'id', 'origin')
    limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'queue, priority, version, max_attempts, max_losses, run_at, delay, id, origin';
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
  perform windlass.write_job(us, the_id, given_id is not null, queue_name, kind, the_version::smallint,
    coalesce((options->>'priority')::smallint, 0::smallint), attempts::smallint, due, args_text,
    null, null, coalesce(options->>'origin', 'sql'),
    case when loss_limit is not null then jsonb_build_object('max_losses', loss_limit)::text end);
  return the_id;
end
$$;

-- Many at once: an array of objects with kind, args and the options of windlass.enqueue.
create function windlass.enqueue_many(jobs jsonb) returns setof uuid language sql volatile as
$$
  select windlass.enqueue(job->>'kind', coalesce(job->'args', 'null'), job - 'kind' - 'args')
  from jsonb_array_elements(jobs) as job
$$;
