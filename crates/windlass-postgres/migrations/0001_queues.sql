-- What people and clients do with queues, kinds and workers: clocks, pauses, minimum builds, bounds and aging.

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

-- What a heartbeat brings: the jobs with a cancel request and the reasons, and the minimum builds, null where there are
-- none. Volatile, so that it reads what was committed until now.
create function windlass.news_for(the_worker uuid, out jobs uuid[], out reasons text[], out programs text[],
  out versions text[], out notes text[]) language sql volatile as
$$
  select array(select job from windlass.cancel_request where worker = the_worker order by job),
         array(select reason from windlass.cancel_request where worker = the_worker order by job),
         array_agg(program order by program), array_agg(version order by program), array_agg(note order by program)
  from windlass.minimum_build
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
