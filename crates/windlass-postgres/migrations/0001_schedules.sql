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
  if (firing->>'missed')::bigint > 0 then
    perform windlass.tell_fact(us, 'schedule.missed', s.name, 'schedule/' || s.name, s.kind,
      jsonb_build_object('schedule', s.name, 'kind', s.kind, 'runs', (firing->>'missed')::bigint))
    from windlass.schedule s where s.name = firing->>'name';
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
