-- How jobs are shown and written: the view, unique keys, and the ways in by SQL.

-- Every job, whatever its state, with the columns that people and tools ask for.
create view windlass.job as
select id, queue, kind, version,
       case state when -1 then 'waiting' when 0 then 'waiting' when 1 then 'scheduled' when 2 then 'available' else 'retryable' end as state,
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

-- Whether a job waits for something, as its meta says it.
create function windlass.has_waits(meta text) returns boolean language sql immutable as
$$ select case when strpos(meta, '"waits"') > 0 then meta::jsonb ? 'waits' else false end $$;

-- Writes one job, unless its id may exist and does; says whether it wrote.
create function windlass.write_job(us bigint, the_id uuid, may_exist boolean, queue_name text, kind text, version smallint,
  priority smallint, max_attempts smallint, due bigint, args_text text, root uuid, parent uuid, origin text, meta text)
returns boolean language plpgsql volatile as
$$
begin
  if not may_exist then
    insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args,
      root, parent, origin, meta, line)
    values (the_id, due, us, case when windlass.has_waits(meta) then -1 when due > us then 1 else 2 end, version, priority, max_attempts, queue_name, kind, args_text,
      root, parent, origin, meta, windlass.line_in(meta));
  else
    insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args,
      root, parent, origin, meta, line)
    values (the_id, due, us, case when windlass.has_waits(meta) then -1 when due > us then 1 else 2 end, version, priority, max_attempts, queue_name, kind, args_text,
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
        state = case when p.state = -1 then -1 when p.state = 0 and due <= us then 0 when due <= us then 2 when p.state = 3 then 3 else 1 end
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

-- Writes jobs whose ids are new, which have no unique keys, by one statement.
create function windlass.write_fresh(us bigint, ids uuid[], queues text[], kinds text[], versions smallint[],
  priorities smallint[], limits smallint[], dues bigint[], args text[], roots uuid[], parents uuid[], origins text[], metas text[])
returns void language plpgsql volatile as
$$
begin
  insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args,
    root, parent, origin, meta, line)
  select t.id, t.due, us, case when windlass.has_waits(t.meta) then -1 when t.due > us then 1 else 2 end, t.version, t.priority,
         t.max_attempts, t.queue, t.kind, t.args, t.root, t.parent, t.origin, t.meta, windlass.line_in(t.meta)
  from unnest(ids, dues, versions, priorities, limits, queues, kinds, args, roots, parents, origins, metas)
    as t(id, due, version, priority, max_attempts, queue, kind, args, root, parent, origin, meta);
  perform pg_notify(i.channel, '')
  from windlass.idle i
  where i.queues && array(select distinct t.queue from unnest(write_fresh.queues, dues, metas) as t(queue, due, meta)
                          where t.due <= us and not windlass.has_waits(t.meta))
  limit cardinality(ids);
end
$$;

-- Writes jobs of which some are unique, all of them or none. Returns a row for each, in their order: what happened to
-- it and of which job, as in write_one. Where one is rejected nothing is written and its row is the only one; the
-- same with answer 5 where another transaction, still open after the patience, keeps a key, with 6 where a rule of its
-- lane refuses one, with 7 where one waits for a job that is not there, and with 8 to 10 as windlass.join_batches says. Without
-- a patience it waits.
create function windlass.write_jobs(us bigint, ids uuid[], given smallint[], queues text[], kinds text[], versions smallint[],
  priorities smallint[], limits smallint[], moments bigint[], delays bigint[], args text[], roots uuid[], parents uuid[],
  origins text[], metas text[], patience text, out nth integer, out answer smallint, out job uuid) returns setof record
language plpgsql volatile set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
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
    if not exists (select from unnest(given, metas) as t(given, meta) where t.given = 1 or strpos(t.meta, '"unique"') > 0) then
      perform windlass.write_fresh(us, ids, queues, kinds, versions, priorities, limits,
        array(select coalesce(t.at, us + t.delay) from unnest(moments, delays) with ordinality as t(at, delay, nth) order by t.nth),
        args, roots, parents, origins, metas);
      answers := array_fill(1::smallint, array[cardinality(ids)]);
      jobs := ids;
    end if;
    for nth in
      select t.nth from unnest(kinds, metas) with ordinality as t(kind, meta, nth)
      where cardinality(answers) = 0
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
    -- A batch is there before who waits for it.
    select j.refused, j.answer, j.which into nth, answer, job from windlass.join_batches(us, ids, answers, metas) as j;
    if job is not null then
      raise exception using errcode = 'WL004', message = nth::text, detail = answer::text || ' ' || job::text;
    end if;
    -- What was not written waits for nothing.
    if exists (select from unnest(metas) as t(meta) where windlass.has_waits(t.meta)) then
      select w.refused, case when w.is_batch then 9 else 7 end, w.missing into nth, answer, job
      from windlass.declare_waits(us, array(
        select case when t.answer = 1 then t.id end from unnest(ids, answers) with ordinality as t(id, answer, nth) order by t.nth), metas) as w;
      if job is not null then
        raise exception using errcode = 'WL004', message = nth::text, detail = answer::text || ' ' || job::text;
      end if;
    end if;
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
    nth := coalesce(nth, 1);
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
  when sqlstate 'WL004' then
    get stacked diagnostics place = message_text, holder = pg_exception_detail;
    nth := place::integer;
    answer := split_part(holder, ' ', 1)::smallint;
    job := split_part(holder, ' ', 2)::uuid;
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

-- The same for the marks: paths of fields of the args that are not shown.
create function windlass.marks_of(options jsonb) returns jsonb language plpgsql immutable as
$$
begin
  if coalesce(options->'redact', 'null') = 'null' or options->'redact' = '[]' then
    return null;
  elsif jsonb_typeof(options->'redact') <> 'array' or jsonb_array_length(options->'redact') > 64 or exists (
      select from jsonb_array_elements(options->'redact') as mark
      where jsonb_typeof(mark) <> 'string' or octet_length(mark#>>'{}') > 256 or mark#>>'{}' !~ '^[^.]+([.][^.]+){0,15}$') then
    raise exception 'windlass: redact % cannot be used', options->'redact' using errcode = '22023',
      hint = 'an array of up to 64 paths of fields, such as ["card.number"]';
  end if;
  return options->'redact';
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

-- What the options of an enqueue say that a job waits for, for its meta: waits, an array of conditions or an object with
-- "for" (that array), "needed" (how many of them suffice), "deadline" (an interval's text) and "overdue" (run, cancel or
-- die). A condition has a name and one of: "job" (a UUID) with "ends" (an array of completed, cancelled and dead; completed
-- unless said), "batch" (a UUID) with "ends" (all unless said), "signal" (a key), "at" (RFC 3339). With "otherwise": "cancel"
-- it is cancelled once a job or a batch has ended in another way.
create function windlass.waits_of(options jsonb) returns jsonb language plpgsql stable as
$$
declare
  waits jsonb := case jsonb_typeof(options->'waits') when 'array' then jsonb_build_object('for', options->'waits')
                 else nullif(options->'waits', 'null') end;
  made  jsonb;
  wrong text;
begin
  if waits is null then
    return null;
  elsif jsonb_typeof(waits) <> 'object' then
    waits := jsonb_build_object('for', waits);
  end if;
  select key into wrong from jsonb_object_keys(waits) as key where key not in ('for', 'needed', 'deadline', 'overdue', 'otherwise') limit 1;
  if wrong is not null or jsonb_typeof(waits->'for') is distinct from 'array' or coalesce(
     jsonb_array_length(waits->'for') not between 1 and 1000 or jsonb_typeof(coalesce(waits->'deadline', '""')) <> 'string'
     or coalesce((waits->>'needed')::integer, 1) not between 1 and jsonb_array_length(waits->'for')
     or coalesce(waits->>'otherwise', 'wait') not in ('wait', 'cancel')
     or coalesce(waits->>'otherwise' = 'cancel' and (waits->>'needed')::integer < jsonb_array_length(waits->'for'), false)
     or coalesce(waits->>'overdue', 'run') not in ('run', 'cancel', 'die') or (waits ? 'overdue' and not waits ? 'deadline')
     or coalesce((waits->>'deadline')::interval not between '1 microsecond' and '36500 days', false) or exists (
       select from jsonb_array_elements(waits->'for') as c
       where coalesce(octet_length(c->>'name'), 0) not between 1 and 128
          or jsonb_typeof(coalesce(c->'job', c->'batch', c->'signal', c->'at')) is distinct from 'string'
          or (select count(*) from jsonb_object_keys(c) as key where key in ('job', 'batch', 'signal', 'at')) <> 1
          or (select count(*) from jsonb_object_keys(c) as key where key not in ('name', 'job', 'batch', 'ends', 'signal', 'at')) > 0
          or octet_length(c->>'signal') not between 1 and 256 or (c ? 'ends' and not c ?| array['job', 'batch'])
          or (c ? 'ends' and (jsonb_typeof(c->'ends') <> 'array' or jsonb_array_length(c->'ends') = 0
                              or not c->'ends' <@ '["completed", "cancelled", "dead"]')))
     or (select count(distinct c->>'name') from jsonb_array_elements(waits->'for') as c) <> jsonb_array_length(waits->'for'), true) then
    raise exception 'windlass: waits % cannot be used', waits using errcode = '22023',
      hint = 'an array of conditions, or {"for": […], "needed": 2, "deadline": "60 s", "overdue": "run"}; a condition is '
             '{"name": "a", "signal": "key"}, {"name": "b", "job": "…uuid…", "ends": ["completed"]}, the same with "batch", or '
             '{"name": "c", "at": "2027-01-01T00:00Z"}';
  end if;
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'name', c->>'name', 'job', replace((c->>'job')::uuid::text, '-', ''), 'signal', c->>'signal',
           'batch', replace((c->>'batch')::uuid::text, '-', ''),
           'at', (extract(epoch from (c->>'at')::timestamptz) * 1000000)::bigint,
           'ends', case when c ?| array['job', 'batch'] then (select sum(case word when 'completed' then 1 when 'cancelled' then 2 else 4 end)
             from (select distinct word from jsonb_array_elements_text(coalesce(
                 c->'ends', case when c ? 'batch' then '["completed", "cancelled", "dead"]' else '["completed"]' end::jsonb)) as word) as w) end))
         order by nth)
  into made
  from jsonb_array_elements(waits->'for') with ordinality as t(c, nth);
  return jsonb_strip_nulls(jsonb_build_object(
    'for', made, 'needed', (waits->>'needed')::integer, 'or_cancel', case when waits->>'otherwise' = 'cancel' then true end,
    'deadline', case when waits ? 'deadline' then jsonb_build_object(
      'in_us', (extract(epoch from (waits->>'deadline')::interval) * 1000000)::bigint, 'then', coalesce(waits->>'overdue', 'run')) end));
end
$$;

-- Writes a job as the options of windlass.enqueue say it, and leaves its lane and what it waits for to the caller.
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
                      'expires_at', 'expires_in', 'tags', 'subjects', 'redact', 'unique_key', 'unique_until', 'unique_for',
                      'on_conflict', 'lane', 'when_dead', 'supersedes', 'refused_by', 'fair', 'weight', 'limit_key',
                      'limit_name', 'limit_running', 'cost', 'waits', 'batch', 'step')
    limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'queue, priority, version, max_attempts, max_losses, run_at, delay, id, origin, expires_at, expires_in, '
             'tags, subjects, redact, unique_key, unique_until, unique_for, on_conflict, lane, when_dead, supersedes, refused_by, '
             'fair, weight, limit_key, limit_name, limit_running, cost, waits, batch, step';
  end if;
  if options ? 'step' and not options ? 'batch' or octet_length(options->>'step') not between 1 and 128 then
    raise exception 'windlass: a step is the name of a job in a batch, of 1 to 128 bytes' using errcode = '22023', hint = 'batch and step';
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
            'tags', windlass.tags_of(options), 'subjects', windlass.subjects_of(options),
            'redact', windlass.marks_of(options), 'waits', windlass.waits_of(options),
            'member', case when options->>'batch' is not null then jsonb_build_object(
              'of', replace((options->>'batch')::uuid::text, '-', ''), 'step', options->>'step') end))
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
-- of ids), redact (an array of paths of fields that are not shown), unique_key (there is one job of its kind with it), unique_until (started or
-- finished), unique_for (an interval's text), on_conflict (keep, replace or reject), waits (see windlass.waits_of). Returns the job's id, or that of
-- the one that holds its key. For jobs in line: see windlass.line_options.
create function windlass.enqueue(kind text, args jsonb default 'null', options jsonb default '{}')
returns uuid language plpgsql volatile as
$$
declare
  the_id uuid;
  is_new boolean;
begin
  if options ?| array['supersedes', 'refused_by'] then
    select id into the_id
    from windlass.enqueue_many(jsonb_build_array(options || jsonb_build_object('kind', kind, 'args', args))) as id;
  else
    select w.id, w.is_new into the_id, is_new from windlass.write_by_sql(windlass.now_us(), kind, args, options) w;
    if is_new and options ?| array['waits', 'batch'] then
      perform windlass.declare_by_sql(array[the_id]);
    end if;
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
  perform windlass.declare_by_sql(array(
    select ids[nth] from jsonb_array_elements(jobs) with ordinality as t(job, nth) where news[nth] and job ?| array['waits', 'batch'] order by nth));
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

-- Puts jobs that were just written into their batches, and notes what they wait for.
create function windlass.declare_by_sql(ids uuid[]) returns void language plpgsql volatile as
$$
declare
  us      bigint := windlass.now_us();
  written uuid[];
  metas   text[];
  joined  record;
  absent  uuid;
begin
  select array_agg(p.id order by t.nth), array_agg(p.meta order by t.nth) into written, metas
  from unnest(ids) with ordinality as t(id, nth) join windlass.pending p on p.id = t.id;
  if written is null then
    return;
  end if;
  select j.* into joined from windlass.join_batches(us, written, array_fill(1::smallint, array[cardinality(written)]), metas) as j;
  if joined.which is not null then
    raise exception 'windlass: the batch % %', joined.which,
      case joined.answer when 9 then 'does not exist, or was pruned' else 'has ended and takes no more jobs' end using errcode = '23503';
  end if;
  select w.missing into absent from windlass.declare_waits(us, written, metas) as w;
  if absent is not null then
    raise exception 'windlass: a job waits for %, which does not exist before it, or was pruned', absent using errcode = '23503';
  end if;
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
