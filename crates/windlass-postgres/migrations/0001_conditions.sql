-- Conditions: what jobs wait for, and what has come.

-- What a job waits for: another job's end, a signal or a moment; and its deadline, which says what happens to it then. It
-- waits, in state -1, until enough of them are met. The rows are kept as long as the job, for its handler and for people.
create table windlass.condition (
  job     uuid     not null,
  nth     smallint not null,
  name    text     not null,
  -- A job or a batch, and how it may end: the sum of 1 completed, 2 cancelled and 4 dead.
  awaits  uuid,
  ends    smallint check ((ends is null) = (awaits is null)),
  signal  text     collate "C",
  at      bigint,
  -- Of a deadline alone: 0 it runs · 1 it is cancelled · 2 it is dead
  overdue smallint check (overdue between 0 and 2),
  -- 0 open · 1 met · 2 waived · 3 withdrawn
  state   smallint not null default 0 check (state between 0 and 3),
  since   bigint,
  data    text,
  note    text,
  -- Whether that job may end unseen, so that the sweep looks after it.
  looks   boolean  not null default false,
  of_batch boolean not null default false,
  -- Whether the job is cancelled when that has ended in another way.
  or_cancel boolean not null default false,
  primary key (job, nth)
);

create index condition_awaits on windlass.condition (awaits) where state = 0 and awaits is not null;
create index condition_signal on windlass.condition (signal) where signal is not null;
create index condition_at on windlass.condition (at) where state = 0 and at is not null;
create index condition_looks on windlass.condition (job) where state = 0 and looks;

-- Jobs and batches whose ends some of those who wait for them could not be told of: the sweep does that.
create table windlass.end_look (
  awaited uuid not null
);

-- What was signalled, and what is waited for. A key that nothing has come for yet has a row too, on which who waits and
-- who signals meet.
create table windlass.signal (
  key       text    not null collate "C" primary key,
  came_at   bigint,
  withdrawn boolean not null default false,
  data      text,
  origin    text,
  times     integer not null default 0,
  last_at   bigint
);

create index signal_last on windlass.signal (last_at) where came_at is not null;

-- Notifies workers that sleep on one of these queues, as many as there are.
create function windlass.wake(queues text[]) returns void language plpgsql volatile as
$$
begin
  perform pg_notify(i.channel, '') from windlass.idle i where i.queues && wake.queues limit cardinality(wake.queues);
end
$$;

-- Makes jobs that wait available, or scheduled where they are not due yet, and notifies idle workers. The caller has locked
-- them.
create function windlass.end_wait(us bigint, jobs uuid[]) returns void language plpgsql volatile as
$$
declare
  queues text[];
begin
  with released as (
    update windlass.pending p
    set state = case when p.run_at > us then 1 else 2 end, run_at = greatest(p.run_at, us)
    where p.id = any (jobs) and p.state = -1
    returning p.queue, p.state
  )
  select array_agg(queue) into queues from released where state = 2;
  perform windlass.wake(queues);
end
$$;

-- Ends the wait of those of these jobs for which enough conditions are met. The caller has locked them.
create function windlass.release_waiting(us bigint, jobs uuid[]) returns void language plpgsql volatile as
$$
begin
  perform windlass.end_wait(us, array(
    select p.id from windlass.pending p
    where p.id = any (jobs) and p.state = -1
      and case when not exists (select from windlass.condition c where c.job = p.id and c.state = 0 and c.overdue is null) then true
               when strpos(p.meta, '"needed"') = 0 then false
               -- Of those that it waits for now: a handler may wait more than once.
               else (select count(*) from windlass.condition c where c.job = p.id and c.state in (1, 2) and c.overdue is null
                       and c.name in (select e->>'name' from jsonb_array_elements(p.meta::jsonb->'waits'->'for') as e))
                    >= (p.meta::jsonb->'waits'->>'needed')::integer end));
end
$$;

-- Whether anybody is to be told when jobs end.
create function windlass.has_listeners() returns boolean language sql stable as
$$
  select exists (select from windlass.condition where state = 0 and awaits is not null)
      or exists (select from windlass.batch where live)
$$;

-- Tells of jobs that have ended in these states: their batches, and all who wait for them.
create function windlass.tell_ends(us bigint, jobs uuid[], states smallint[], patient boolean) returns void language plpgsql volatile as
$$
declare
  over record;
begin
  select e.* into over from windlass.end_members(us, jobs, states, patient) as e;
  perform windlass.tell_waiting(us, jobs || over.batches, states || over.ends, over.may_wait);
end
$$;

-- Meets the conditions of those who wait for these jobs and batches to end, which have ended in these states; those that are
-- cancelled by it end in their turn, however long the chain, which is patient for one moment in all.
create function windlass.tell_waiting(us bigint, jobs uuid[], states smallint[], patient boolean) returns void language plpgsql volatile as
$$
declare
  until timestamptz := clock_timestamp() + interval '50 ms';
  unmet uuid[]      := windlass.meet_waiting(us, jobs, states, patient);
  over  record;
begin
  while cardinality(unmet) > 0 loop
    unmet := windlass.end_jobs(us, unmet, 6::smallint, 'what it waited for cannot come any more');
    exit when unmet is null;
    select e.* into over
    from windlass.end_members(us, unmet, array_fill(6::smallint, array[cardinality(unmet)]), patient and clock_timestamp() < until) as e;
    unmet := windlass.meet_waiting(us, unmet || over.batches, array_fill(6::smallint, array[cardinality(unmet)]) || over.ends,
                                   over.may_wait and clock_timestamp() < until);
  end loop;
end
$$;

-- One step of it: meets the conditions, and returns the jobs that are to be cancelled since what they wait for has ended in
-- another way. Jobs that another transaction keeps for longer than a moment, or at all where this is not patient, are left to the
-- sweep: settlements do not wait for it.
create function windlass.meet_waiting(us bigint, jobs uuid[], states smallint[], patient boolean) returns uuid[] language plpgsql volatile as
$$
declare
  unmet   uuid[];
  usual   text := current_setting('lock_timeout');
  waiters uuid[];
  held    uuid[];
begin
  select array_agg(distinct c.job) into waiters
  from unnest(jobs, states) as e(id, state) join windlass.condition c on c.awaits = e.id and c.state = 0
  where c.or_cancel or c.ends & (1 << (e.state - 5)) <> 0;
  if waiters is null then
    return null;
  end if;
  -- A snapshot of the caller's would not show what others have met since.
  if current_setting('transaction_isolation') = 'read committed' then
    held := array(select p.id from windlass.pending p where p.id = any (waiters) and p.state = -1
                  order by p.id for no key update skip locked);
    if patient and cardinality(held) < cardinality(waiters) then
      begin
        perform set_config('lock_timeout', '50ms', true);
        perform from windlass.pending p where p.id = any (waiters) and p.id <> all (held) and p.state = -1
        order by p.id for no key update;
        perform set_config('lock_timeout', usual, true);
        held := array(select p.id from windlass.pending p where p.id = any (waiters) and p.state = -1);
      exception when lock_not_available then null; -- those of before are held still
      end;
    end if;
  end if;
  -- Noted apart: who keeps such a job may keep its conditions too.
  insert into windlass.end_look (awaited)
  select distinct c.awaits from windlass.condition c
  where c.awaits = any (jobs) and c.state = 0 and c.job = any (waiters) and not coalesce(c.job = any (held), false)
    and exists (select from windlass.pending p where p.id = c.job and p.state = -1);
  update windlass.condition c set state = 1, since = us
  from unnest(jobs, states) as e(id, state)
  where c.awaits = e.id and c.state = 0 and c.job = any (held) and c.ends & (1 << (e.state - 5)) <> 0;
  perform windlass.release_waiting(us, held);
  select array_agg(distinct c.job) into unmet
  from unnest(jobs, states) as e(id, state) join windlass.condition c on c.awaits = e.id and c.state = 0 and c.or_cancel
  where c.job = any (held) and c.ends & (1 << (e.state - 5)) = 0;
  return unmet;
end
$$;

create function windlass.tell_ends(us bigint, jobs uuid[], states smallint[]) returns void language sql volatile as
$$ select windlass.tell_ends(us, jobs, states, true) $$;

-- The same for jobs that have all ended in one state; of none there is nothing to tell.
create function windlass.tell_ends(us bigint, jobs uuid[], state smallint) returns void language plpgsql volatile as
$$
begin
  if cardinality(jobs) > 0 and windlass.has_listeners() then
    perform windlass.tell_ends(us, jobs, array_fill(state, array[cardinality(jobs)]));
  end if;
end
$$;

-- Notes what jobs that were just written wait for, and meets what has come before; an id is null where its job was not
-- written. Where they go on waiting, what they waited for before stays. Returns the place of one that waits for a job or a batch
-- that is not there, that job or batch, and which of both it is; nulls where there is none.
create function windlass.declare_waits(us bigint, ids uuid[], metas text[], go_on boolean default false,
  out refused integer, out missing uuid, out is_batch boolean)
language plpgsql volatile as
$$
declare
  asked   windlass.condition[];
  outside uuid[];
  locked  uuid[];
  come    uuid[];
  found_keys bigint;
begin
  select array_agg(row(j.id,
                       e.nth + case when go_on then coalesce((select max(b.nth) from windlass.condition b where b.job = j.id), 0) else 0 end,
                       e.name, coalesce(e.job, e.batch),
                       case when coalesce(e.job, e.batch) is not null then coalesce(e.ends, 1::smallint) end, e.signal,
                       e.at, null, 0, null, null, null, false, e.batch is not null,
                       coalesce(e.job, e.batch) is not null and coalesce(j.waits->>'or_cancel', 'false')::boolean)::windlass.condition)
  into asked
  -- The offset has each meta read once.
  from (select t.id, t.meta::jsonb->'waits' as waits from unnest(ids, metas) as t(id, meta)
        where t.id is not null and strpos(t.meta, '"waits"') > 0 offset 0) as j,
       rows from (jsonb_to_recordset(j.waits->'for') as (name text, job uuid, batch uuid, ends smallint, signal text, at bigint))
         with ordinality as e(name, job, batch, ends, signal, at, nth)
  where j.waits is not null;
  if asked is null then
    return;
  end if;
  -- Who signals one of these keys waits for this transaction, or this one for it.
  loop
    insert into windlass.signal (key)
    select distinct a.signal from unnest(asked) as a where a.signal is not null order by a.signal
    on conflict (key) do nothing;
    perform from windlass.signal s where s.key in (select a.signal from unnest(asked) as a) order by s.key for share;
    get diagnostics found_keys = row_count;
    -- Tidying may have removed one in between.
    exit when found_keys = (select count(distinct a.signal) from unnest(asked) as a);
  end loop;
  -- Those that wait cannot begin before this is committed. One that runs may end in a transaction that does not see this.
  outside := array(select a.awaits from unnest(asked) as a where a.awaits is not null except select i.id from unnest(ids) as i(id));
  locked := array(select p.id from windlass.pending p where p.id = any (outside) order by p.id for share);
  -- Nor does a batch end before.
  locked := locked || array(
    select b.id from windlass.batch b where b.id in (select a.awaits from unnest(asked) as a where a.of_batch) order by b.id for key share);
  select a.awaits, a.of_batch into missing, is_batch
  from unnest(asked) as a
  where a.awaits = any (outside) and (a.awaits <> all (locked) or not a.of_batch)
    and not exists (select from windlass.pending p where p.id = a.awaits)
    and not exists (select from windlass.finished f where f.id = a.awaits)
    and a.awaits not in (select r.id from windlass.running_job r)
  limit 1;
  if missing is null then
    -- Of one call a job waits for those before it: so none waits for itself.
    select a.awaits into missing
    from unnest(asked) as a
    join unnest(ids) with ordinality as own(id, nth) on own.id = a.job
    join unnest(ids) with ordinality as other(id, nth) on other.id = a.awaits
    where other.nth >= own.nth limit 1;
  end if;
  if missing is not null then
    select array_position(ids, a.job) into refused from unnest(asked) as a where a.awaits = missing limit 1;
    return;
  end if;
  -- An id may come again once its job is gone.
  delete from windlass.condition c where c.job = any (ids) and not go_on;
  with written as (
    insert into windlass.condition (job, nth, name, awaits, ends, signal, at, of_batch, or_cancel, state, since, data, note, looks)
    select a.job, a.nth, a.name, a.awaits, a.ends, a.signal, a.at, a.of_batch, a.or_cancel, w.state,
           case when w.state <> 0 then us end, case when s.came_at is not null then s.data end,
           case when s.came_at is not null then s.origin end,
           coalesce(w.state = 0 and a.awaits = any (outside) and a.awaits <> all (locked), false)
    from unnest(asked) as a
    left join windlass.signal s on s.key = a.signal
    cross join lateral (
      select (case when s.came_at is not null then case when s.withdrawn then 3 else 1 end
                   when a.at <= us then 1
                   when a.awaits = any (outside) and exists (
                     select from windlass.finished f where f.id = a.awaits and a.ends & (1 << (f.state - 5)) <> 0) then 1
                   when a.of_batch and exists (
                     select from windlass.batch b where b.id = a.awaits and not b.live and a.ends & (1 << (b.ended - 5)) <> 0) then 1
                   else 0 end)::smallint as state) as w
    returning job, state
  )
  select array_agg(distinct job) filter (where state <> 0) into come from written;
  insert into windlass.condition (job, nth, name, at, overdue)
  select j.id, 0, 'deadline', coalesce((d->>'at')::bigint, us + (d->>'in_us')::bigint),
         case d->>'then' when 'cancel' then 1 when 'die' then 2 else 0 end
  from (select i.id, i.meta::jsonb->'waits'->'deadline' as d from unnest(ids, metas) as i(id, meta)
        where i.id is not null and strpos(i.meta, '"deadline"') > 0 offset 0) as j
  where d is not null;
  -- Of the others nothing has come before.
  if come is not null then
    perform windlass.release_waiting(us, come);
  end if;
  if cardinality(outside) > 0 then
    perform windlass.end_waiting(us, array(
      select distinct c.job from windlass.condition c
      left join windlass.finished f on f.id = c.awaits left join windlass.batch b on b.id = c.awaits and not b.live
      where c.job = any (ids) and c.state = 0 and c.or_cancel and c.ends & (1 << (coalesce(f.state, b.ended) - 5)) = 0),
      6::smallint, 'what it waited for cannot come any more');
  end if;
end
$$;

-- Has jobs that a settlement has just put back wait for what their handlers ask for, which their metas say by now. What they
-- waited for before stays for their handlers and for people, and is not waited for any more; one of the same name gives way.
-- A transaction that signals the key at the same moment is waited for, and not for long: settlements are sent again.
create function windlass.begin_waits(us bigint, ids uuid[], metas text[]) returns void language plpgsql volatile as
$$
begin
  perform set_config('lock_timeout', '50ms', true);
  delete from windlass.condition c
  using unnest(ids, metas) as j(id, meta)
  where c.job = j.id
    and (c.overdue is not null
         or c.name in (select e->>'name' from jsonb_array_elements(j.meta::jsonb->'waits'->'for') as e));
  update windlass.condition c set state = 3, since = us where c.job = any (ids) and c.state = 0;
  perform windlass.declare_waits(us, ids, metas, true);
end
$$;

-- Refuses a transaction whose snapshot would not show what others have met since it began: of two that meet the last two
-- conditions of a job, neither would see the other.
create function windlass.check_snapshot(what text) returns void language plpgsql stable as
$$
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'windlass: % needs a transaction that is read committed', what using errcode = '25000',
      hint = 'begin it with isolation level read committed, or do this outside of it';
  end if;
end
$$;

-- Tells all who wait for these keys that they have come, or will not, and keeps it for those who will. Of the signals with one
-- key the first one counts. The answers, in their order: met · kept (nobody has waited for it yet) · duplicate · late (those who
-- waited do not any more); and how many conditions each met. Who waits is locked until the caller's transaction ends. Plans are
-- made once: a caller's session would make them again for each call, which takes longer than the call.
create function windlass.signal_all(us bigint, keys text[], datas text[], withdrawns boolean[], origins text[],
  out answer text, out conditions bigint) returns setof record language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  firsts  text[];
  waiters uuid[];
  held    uuid[];
begin
  perform windlass.check_snapshot('a signal');
  -- In one order, so that two callers do not wait for each other.
  with call as materialized (
    select distinct on (t.key collate "C") t.key, t.data, t.withdrawn, t.origin, count(*) over (partition by t.key)::integer as times
    from unnest(keys, datas, withdrawns, origins) with ordinality as t(key, data, withdrawn, origin, nth)
    order by t.key collate "C", t.nth
  ),
  told as (
    insert into windlass.signal as s (key, came_at, withdrawn, data, origin, times, last_at)
    select c.key, us, c.withdrawn, c.data, c.origin, c.times, us from call c
    on conflict (key) do update
    set came_at = coalesce(s.came_at, us), times = s.times + excluded.times, last_at = us,
        withdrawn = case when s.came_at is null then excluded.withdrawn else s.withdrawn end,
        data = case when s.came_at is null then excluded.data else s.data end,
        origin = case when s.came_at is null then excluded.origin else s.origin end
    returning s.key, s.times
  )
  select array_agg(t.key) into firsts from told t join call c on c.key = t.key where t.times = c.times;
  -- In statements of their own: they see what who had a key has committed.
  select array_agg(distinct c.job) into waiters from windlass.condition c where c.signal = any (firsts) and c.state = 0;
  held := array(select p.id from windlass.pending p where p.id = any (waiters) and p.state = -1 order by p.id for no key update);
  return query
  with met as (
    update windlass.condition c
    set state = case when s.withdrawn then 3 else 1 end, since = us, data = s.data, note = s.origin
    from windlass.signal s
    where s.key = any (firsts) and c.signal = s.key and c.state = 0 and c.job = any (held)
    returning c.signal
  )
  select case when t.nth <> t.first or coalesce(t.key <> all (firsts), true) then 'duplicate'
              when m.number > 0 then 'met'
              when exists (select from windlass.condition c where c.signal = t.key) then 'late' else 'kept' end,
         case when t.nth = t.first then coalesce(m.number, 0) else 0 end
  from (select u.key, u.nth, min(u.nth) over (partition by u.key) as first from unnest(keys) with ordinality as u(key, nth)) as t
  left join (select signal, count(*) as number from met group by signal) as m on m.signal = t.key
  order by t.nth;
  if cardinality(held) > 0 then
    perform windlass.release_waiting(us, held);
  end if;
end
$$;

-- The same for one.
create function windlass.signal_at(us bigint, the_key text, the_data text, is_withdrawn boolean, the_origin text,
  out answer text, out conditions bigint) language sql volatile as
$$ select * from windlass.signal_all(us, array[the_key], array[the_data], array[is_withdrawn], array[the_origin]) $$;

-- Signals for every language: the key, what those who wait get with it, and whether it says that it will not come. Returns
-- met, kept, duplicate or late, as windlass.signal_at says it.
create function windlass.signal(key text, data jsonb default null, withdrawn boolean default false) returns text
language plpgsql volatile as
$$
begin
  if coalesce(octet_length(key), 0) not between 1 and 256 then
    raise exception 'windlass: a signal''s key has 1 to 256 bytes' using errcode = '22023';
  elsif octet_length(data::text) > 262144 then
    raise exception 'windlass: data of % bytes are above the limit of 262144', octet_length(data::text) using errcode = '22023';
  end if;
  return (select s.answer from windlass.signal_at(windlass.now_us(), key, data::text, coalesce(withdrawn, false), 'sql') as s);
end
$$;

-- A person lets a job pass one of its conditions. Returns 0 where it was open, 1 where it was not, 2 where there is none.
create function windlass.waive_at(us bigint, the_job uuid, the_name text, the_note text) returns smallint language plpgsql volatile as
$$
declare
  was smallint;
begin
  perform windlass.check_snapshot('a waiver');
  perform from windlass.pending p where p.id = the_job and p.state = -1 for no key update;
  if not found then
    return case when exists (select from windlass.condition c where c.job = the_job and c.name = the_name and c.nth > 0)
           then 1 else 2 end;
  end if;
  select c.state into was from windlass.condition c where c.job = the_job and c.name = the_name and c.nth > 0;
  if was is distinct from 0 then
    return case when was is null then 2 else 1 end;
  end if;
  update windlass.condition c set state = 2, since = us, note = the_note
  where c.job = the_job and c.name = the_name and c.nth > 0 and c.state = 0;
  perform windlass.release_waiting(us, array[the_job]);
  return 0;
end
$$;

-- Waives for every language: the job, the name of its condition, and why. Returns waived, or unneeded where the job does not wait
-- for it any more.
create function windlass.waive(job uuid, name text, note text default null) returns text language plpgsql volatile as
$$
declare
  answer smallint;
begin
  if octet_length(note) > 8192 then
    raise exception 'windlass: a note of % bytes is above the limit of 8192', octet_length(note) using errcode = '22023';
  end if;
  answer := windlass.waive_at(windlass.now_us(), job, name, note);
  if answer = 2 then
    raise exception 'windlass: the job % has no condition %', job, coalesce(quote_literal(name), 'null') using errcode = '23503',
      hint = 'windlass condition list shows what it waits for';
  end if;
  return case answer when 0 then 'waived' else 'unneeded' end;
end
$$;

-- Ends jobs that wait, in this state and for this reason, and tells who waits for them.
create function windlass.end_waiting(us bigint, jobs uuid[], the_state smallint, why text) returns void language plpgsql volatile as
$$
begin
  perform windlass.tell_ends(us, windlass.end_jobs(us, jobs, the_state, why), the_state);
end
$$;

-- Ends jobs that wait, and returns those that did.
create function windlass.end_jobs(us bigint, jobs uuid[], the_state smallint, why text) returns uuid[] language plpgsql volatile as
$$
declare
  ended uuid[];
begin
  with removed as (
    delete from windlass.pending p where p.id = any (jobs) and p.state = -1 returning *
  ),
  counted as (
    insert into windlass.job_count (queue, state, prune_day, jobs)
    select queue, the_state, case the_state when 6 then ((us + 604800000000) / 86400000000)::int4 end, count(*) from removed group by queue
  ),
  done as (
    insert into windlass.finished
      (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
       max_attempts, queue, kind, args, reason, root, parent, origin, meta, history)
    select id, run_at, created_at, null, us, case the_state when 7 then 9223372036854775807 else us + 604800000000 end,
           attempt, failures, the_state, version, priority, losses, max_attempts, queue, kind, args,
           why || coalesce(' (open: ' || (select string_agg(c.name, ', ' order by c.nth) from windlass.condition c
                                    where c.job = removed.id and c.state = 0 and c.overdue is null) || ')', ''),
           root, parent, origin, meta, history
    from removed
    returning id
  )
  select array_agg(id) into ended from done;
  if the_state = 7 and ended is not null then
    perform windlass.tell_dead(us, array_agg(f.id order by f.id), array_agg(f.kind order by f.id), array_agg(f.queue order by f.id),
      array_agg(f.attempt order by f.id), array_agg(f.failures order by f.id), array_agg(f.reason order by f.id),
      array_agg(f.history order by f.id), array_agg(f.root order by f.id))
    from windlass.finished f where f.id = any (ended) and f.state = 7;
  end if;
  return ended;
end
$$;

-- What time does to jobs that wait: moments pass, deadlines too, and jobs that may have ended unseen are looked after. At
-- most so many conditions, one after the other, the earliest first; those whose jobs others have locked come next time.
-- Returns how many it changed.
create function windlass.pass_moments(us bigint, most integer, keeps_completed boolean) returns bigint language plpgsql volatile as
$$
declare
  due     record;
  changed bigint := 0;
  over    bigint;
begin
  for due in
    select c.job, c.nth, c.overdue from windlass.condition c join windlass.pending p on p.id = c.job and p.state = -1
    where c.state = 0 and c.at <= us order by c.at, (c.overdue is not null), c.job, c.nth limit most
    for no key update of p skip locked
  loop
    -- An earlier one of this round may have made it available.
    continue when not exists (select from windlass.pending p where p.id = due.job and p.state = -1);
    update windlass.condition c set state = 1, since = us where c.job = due.job and c.nth = due.nth and c.state = 0;
    changed := changed + 1;
    if due.overdue is null then
      perform windlass.release_waiting(us, array[due.job]);
    elsif due.overdue = 0 then
      perform windlass.end_wait(us, array[due.job]);
    else
      perform windlass.end_waiting(us, array[due.job], case due.overdue when 1 then 6 else 7 end::smallint, 'its deadline has passed');
    end if;
  end loop;
  -- Those of jobs that do not wait any more are over.
  update windlass.condition c set state = 3, since = us
  where (c.job, c.nth) in (
    select o.job, o.nth from windlass.condition o
    where o.state = 0 and o.at <= us and not exists (select from windlass.pending p where p.id = o.job and p.state = -1)
    limit most for update skip locked);
  get diagnostics over = row_count;
  perform windlass.look_at_batches(us);
  return changed + over + windlass.tell_unseen(us, most, keeps_completed);
end
$$;

-- Tells the ends of jobs that were not seen when they came. Those that wait again are claimed after the commit of who waits for
-- them, and do not end unseen any more; those that are gone were completed where completed jobs are not kept.
create function windlass.tell_unseen(us bigint, most integer, keeps_completed boolean) returns bigint language plpgsql volatile as
$$
declare
  seen    record;
  awaited uuid[];
  changed bigint := 0;
begin
  with looked as (
    delete from windlass.end_look l where l.ctid in (select ctid from windlass.end_look limit 1000 for update skip locked)
    returning l.awaited
  )
  select array_agg(distinct l.awaited) into awaited from looked as l;
  if awaited is not null then
    update windlass.condition c set looks = true
    where (c.job, c.nth) in (
      select o.job, o.nth from windlass.condition o
      where o.awaits = any (awaited) and o.state = 0 and not o.looks for no key update skip locked);
    insert into windlass.end_look (awaited)
    select distinct c.awaits from windlass.condition c where c.awaits = any (awaited) and c.state = 0 and not c.looks;
  end if;
  if not exists (select from windlass.condition c where c.state = 0 and c.looks) then
    return 0;
  end if;
  for seen in
    with running as materialized (select r.id from windlass.running_job r)
    select c.job, c.nth, c.awaits, c.ends, c.or_cancel, q.id is not null as waits_again,
           coalesce(f.state, b.ended, case when not keeps_completed and not c.of_batch then 5::smallint end) as ended
    from windlass.condition c
    join windlass.pending p on p.id = c.job and p.state = -1
    left join windlass.finished f on f.id = c.awaits
    left join windlass.batch b on b.id = c.awaits and not b.live
    left join windlass.pending q on q.id = c.awaits
    where c.state = 0 and c.looks and c.awaits not in (select id from running)
    limit most for no key update of p skip locked
  loop
    if not seen.waits_again and coalesce(seen.or_cancel or seen.ends & (1 << (seen.ended - 5)) <> 0, false) then
      perform windlass.tell_waiting(us, array[seen.awaits], array[seen.ended], false);
      changed := changed + 1;
    else
      -- Looked at again: it may have been claimed and have ended meanwhile.
      update windlass.condition c set looks = false
      where c.job = seen.job and c.nth = seen.nth
        and (not seen.waits_again or exists (select from windlass.pending q where q.id = c.awaits));
    end if;
  end loop;
  update windlass.condition c set looks = false
  where c.state = 0 and c.looks and not exists (select from windlass.pending p where p.id = c.job and p.state = -1);
  return changed;
end
$$;

-- Removes the conditions of jobs that are gone, among the next ones of a walk in the order of the jobs, those before the last.
-- Returns the last job it looked at, or null at the end, and how many it removed.
create function windlass.forget_conditions(after_job uuid, before_job uuid, most integer, out last_job uuid, out removed integer)
language plpgsql volatile as
$$
declare
  seen uuid[];
  keys text[];
begin
  select array_agg(c.job) into seen
  from (select job from windlass.condition where job > after_job and job < before_job order by job limit most) as c;
  if cardinality(seen) >= most then
    last_job := seen[most];
  end if;
  with gone as (
    delete from windlass.condition c
    where c.job = any (seen)
      and not exists (select from windlass.pending p where p.id = c.job)
      -- Not an anti join: the planner takes the jobs of all leases for two, and walks them for each condition.
      and c.job not in (select r.id from windlass.running_job r)
      and not exists (select from windlass.finished f where f.id = c.job)
      and not exists (select from windlass.operation_job o where o.job = c.job and o.removed)
    returning c.signal
  )
  select count(*), array_agg(signal) filter (where signal is not null) into removed, keys from gone;
  delete from windlass.signal s
  where s.key in (
    select o.key from windlass.signal o
    where o.key = any (keys) and o.came_at is null and not exists (select from windlass.condition c where c.signal = o.key)
    for update skip locked);
end
$$;

-- Removes signals that have come so long ago and that nobody waits for, at most so many.
create function windlass.forget_signals(before_us bigint, most integer) returns void language sql volatile as
$$
  delete from windlass.signal where key in (
    select s.key from windlass.signal s
    where s.came_at is not null and s.last_at < before_us
      and not exists (select from windlass.condition c where c.signal = s.key)
    order by s.last_at limit most for update skip locked)
$$;
