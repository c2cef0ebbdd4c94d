-- Batches: jobs that belong together. A batch ends when all of them have; a workflow is one whose jobs have names.

-- It is kept as long as one of its jobs, and some days after its end.
create table windlass.batch (
  id         uuid     not null primary key,
  name       text,
  key        text     collate "C" unique,
  -- The workflow whose steps it undoes.
  undoes     uuid,
  created_at bigint   not null,
  -- Whether no more jobs come from outside: only then does it end.
  sealed     boolean  not null default true,
  -- Whether jobs may come and end: all have not ended, or one of them was retried since.
  live       boolean  not null default true,
  -- 5 all were completed · 7 they were not
  ended      smallint check (ended in (5, 7)),
  ended_at   bigint
);

create index batch_live on windlass.batch (id) where live;
create index batch_name on windlass.batch (name, id) where name is not null;
create index batch_undoes on windlass.batch (undoes) where undoes is not null;

-- Which jobs are in which batch, and how they have ended, which is kept when they are pruned.
create table windlass.member (
  job    uuid     not null primary key,
  batch  uuid     not null,
  step   text,
  -- 5 completed · 6 cancelled · 7 dead; null while it has not ended
  ended  smallint check (ended between 5 and 7)
);

create index member_batch on windlass.member (batch, job);
create index member_open on windlass.member (batch) where ended is null;
create index member_failed on windlass.member (batch) where ended > 5;

-- Batches whose last job may have ended while another transaction kept them: the sweep looks.
create table windlass.batch_look (
  batch uuid not null
);

-- Puts jobs that were just written into their batches, which begin with them or have not ended. An answer is 0 where the job
-- was there before, 1 where it was written, anything else where its key kept it out. Returns the place of one that cannot be
-- in its batch, why (8 another batch has the key of the one that begins, or it has begun before · 9 there is no such batch · 10 it has ended) and
-- that batch; nulls where there is none.
create function windlass.join_batches(us bigint, ids uuid[], answers smallint[], metas text[],
  out refused integer, out answer smallint, out which uuid) language plpgsql volatile as
$$
declare
  one     record;
  begun   uuid[] := '{}';
  is_live boolean;
  -- Each meta is read once.
  members jsonb[] := array(select case when strpos(t.meta, '"member"') > 0 then t.meta::jsonb->'member' end
                           from unnest(metas) with ordinality as t(meta, nth) order by t.nth);
begin
  if not exists (select from unnest(members) as m where m is not null) then
    return;
  end if;
  for one in
    select t.nth::integer, (t.own->>'of')::uuid as id, t.own->'begins' as begins
    from unnest(members, answers) with ordinality as t(own, answer, nth)
    where t.answer > 0 and t.own ? 'begins' order by t.own->'begins'->>'key', t.nth
  loop
    insert into windlass.batch (id, name, key, undoes, created_at)
    values (one.id, one.begins->>'name', one.begins->>'key', (one.begins->>'undoes')::uuid, us)
    on conflict do nothing;
    if found then
      begun := begun || one.id;
    else
      -- Another one has the key, or it was begun before.
      select b.id into which from windlass.batch b where b.id = one.id or b.key = one.begins->>'key' order by b.id = one.id desc limit 1;
      refused := one.nth;
      answer := 8;
      return;
    end if;
  end loop;
  for one in
    select m.id, min(m.nth)::integer as nth
    from (select (t.own->>'of')::uuid as id, t.nth from unnest(members, answers) with ordinality as t(own, answer, nth)
          where t.answer = 1 and t.own is not null offset 0) as m
    group by 1 order by 1
  loop
    continue when one.id = any (begun);
    -- It does not end while this transaction is open.
    if windlass.sees_the_latest() then
      perform from windlass.batch b where b.id = one.id for key share;
    else
      -- An older snapshot would not show that it has ended: this fails where somebody has changed it since.
      perform from windlass.batch b where b.id = one.id for share;
    end if;
    -- What was locked may be what it was before the wait.
    select b.live into is_live from windlass.batch b where b.id = one.id;
    if is_live is not true then
      refused := one.nth;
      answer := case when is_live is null then 9 else 10 end;
      which := one.id;
      return;
    end if;
  end loop;
  -- An id may come again once its job is gone.
  delete from windlass.member m where m.job in (select t.id from unnest(ids, answers) as t(id, answer) where t.answer = 1);
  insert into windlass.member (job, batch, step)
  select t.id, (t.own->>'of')::uuid, t.own->>'step' from unnest(ids, answers, members) as t(id, answer, own)
  where t.answer = 1 and t.own is not null;
  -- Where all were kept out by their keys it has none, and ends.
  perform windlass.end_batches(us, begun, true);
end
$$;

-- Has a batch for this transaction: for its ends alone, or so that no job comes either. False where another transaction keeps
-- it, for longer than a moment where this is patient. Who keeps many is patient for one moment in all.
create function windlass.keep_batch(the_batch uuid, alone boolean, patient boolean) returns boolean language plpgsql volatile as
$$
declare
  usual text := current_setting('lock_timeout');
begin
  if alone then
    perform from windlass.batch b where b.id = the_batch for update skip locked;
  else
    perform from windlass.batch b where b.id = the_batch for no key update skip locked;
  end if;
  if found or not patient then
    return found;
  end if;
  perform set_config('lock_timeout', '50ms', true);
  if alone then
    perform from windlass.batch b where b.id = the_batch for update;
  else
    perform from windlass.batch b where b.id = the_batch for no key update;
  end if;
  perform set_config('lock_timeout', usual, true);
  return true;
exception when lock_not_available then
  return false;
end
$$;

-- Notes how jobs have ended in their batches. Those who end jobs of one batch do it one after the other, so that the last of
-- them sees that all have; one that cannot wait for the others leaves the batch to the sweep. Returns the batches that have
-- ended with them, and how, and whether the caller may wait for others still.
create function windlass.end_members(us bigint, jobs uuid[], states smallint[], patient boolean,
  out batches uuid[], out ends smallint[], out may_wait boolean) language plpgsql volatile as
$$
declare
  one   uuid;
  kept  uuid[]      := '{}';
  until timestamptz := clock_timestamp() + interval '50 ms';
begin
  for one in select distinct m.batch from windlass.member m where m.job = any (jobs) order by m.batch loop
    if windlass.sees_the_latest() and windlass.keep_batch(one, false, patient and clock_timestamp() < until) then
      kept := kept || one;
    else
      insert into windlass.batch_look (batch) values (one);
    end if;
  end loop;
  may_wait := patient and clock_timestamp() < until;
  update windlass.member m set ended = e.state from unnest(jobs, states) as e(id, state)
  where m.job = e.id and m.ended is distinct from e.state;
  select e.batches, e.ends, e.may_wait into batches, ends, may_wait from windlass.close_batches(us, kept, may_wait) as e;
end
$$;

-- Whether each statement sees what others have committed until then: a snapshot of the caller's transaction would not.
create function windlass.sees_the_latest() returns boolean language sql volatile as
$$ select current_setting('transaction_isolation') = 'read committed' $$;

-- Ends those of these batches whose jobs have all ended. Returns those that ended, and how: 5 or 7; and whether the caller may
-- wait for others still.
create function windlass.close_batches(us bigint, touched uuid[], patient boolean,
  out batches uuid[], out ends smallint[], out may_wait boolean) language plpgsql volatile as
$$
declare
  one   uuid;
  was   windlass.batch;
  how   smallint;
  until timestamptz := clock_timestamp() + interval '50 ms';
begin
  for one in select b from unnest(touched) as b order by b loop
    continue when exists (select from windlass.member m where m.batch = one and m.ended is null);
    if not (windlass.sees_the_latest() and windlass.keep_batch(one, true, patient and clock_timestamp() < until)) then
      insert into windlass.batch_look (batch) values (one);
      continue;
    end if;
    select * into was from windlass.batch b where b.id = one;
    -- Others may have come until it was kept.
    continue when not (was.sealed and was.live) or exists (select from windlass.member m where m.batch = one and m.ended is null);
    how := case when exists (select from windlass.member m where m.batch = one and m.ended > 5) then 7 else 5 end;
    update windlass.batch b set live = false, ended = how, ended_at = us where b.id = one;
    batches := batches || one;
    ends := ends || how;
  end loop;
  may_wait := patient and clock_timestamp() < until;
end
$$;

-- Ends those of these batches whose jobs have all ended, and tells who waits for them.
create function windlass.end_batches(us bigint, touched uuid[], patient boolean) returns void language plpgsql volatile as
$$
declare
  over record;
begin
  if cardinality(touched) > 0 then
    select e.* into over from windlass.close_batches(us, touched, patient) as e;
    if over.batches is not null then
      perform windlass.tell_waiting(us, over.batches, over.ends, over.may_wait);
    end if;
  end if;
end
$$;

-- Ends batches whose last job ended while another transaction kept them.
create function windlass.look_at_batches(us bigint) returns void language plpgsql volatile as
$$
declare
  looks uuid[];
begin
  with looked as (
    delete from windlass.batch_look l where l.ctid in (select ctid from windlass.batch_look limit 1000 for update skip locked)
    returning l.batch
  )
  select array_agg(distinct batch) into looks from looked;
  perform windlass.end_batches(us, looks, false);
end
$$;

-- Jobs that had ended live again: so do their batches.
create function windlass.rejoin_batches(jobs uuid[]) returns void language plpgsql volatile as
$$
declare
  again uuid[] := array(select distinct m.batch from windlass.member m where m.job = any (jobs) and m.ended is not null);
begin
  -- Who is just ending one of them is waited for: its end would not be seen here.
  perform from windlass.batch b where b.id = any (again) order by b.id for no key update;
  update windlass.member m set ended = null where m.job = any (jobs) and m.ended is not null;
  update windlass.batch b set live = true where b.id = any (again) and not b.live;
end
$$;

-- The workflow for whose sake a job that has ended is not run again: one that is undone, or that has not failed and that the job
-- would undo a step of.
create function windlass.stays_undone(the_job uuid) returns uuid language sql stable as
$$
  select coalesce(b.undoes, b.id)
  from windlass.member m join windlass.batch b on b.id = m.batch
  left join windlass.batch w on w.id = b.undoes
  where m.job = the_job
    and case when b.undoes is null then not b.live and b.ended = 7 and exists (select from windlass.batch u where u.undoes = b.id)
             else w.live or w.ended = 7 is not true end
$$;

-- Makes a batch whose jobs come later; false where there is one with this id. An error where one has the key.
create function windlass.open_batch_at(us bigint, the_id uuid, the_name text, the_key text) returns boolean
language plpgsql volatile as
$$
begin
  insert into windlass.batch (id, name, key, created_at, sealed) values (the_id, the_name, the_key, us, false)
  on conflict (id) do nothing;
  return found;
end
$$;

-- No more jobs come from outside: it ends with the last of its own. Returns 0, 1 where it was sealed before, 2 where there is
-- no such batch.
create function windlass.seal_batch_at(us bigint, the_id uuid) returns smallint language plpgsql volatile as
$$
declare
  was boolean;
begin
  select b.sealed into was from windlass.batch b where b.id = the_id for no key update;
  if was is not false then
    return case when was then 1 else 2 end;
  end if;
  update windlass.batch b set sealed = true where b.id = the_id;
  perform windlass.end_batches(us, array[the_id], true);
  return 0;
end
$$;

-- For every language: a batch whose jobs come with the option batch, and that ends once it is sealed and all of them have.
create function windlass.open_batch(name text default null, key text default null) returns uuid language plpgsql volatile as
$$
declare
  the_id uuid := windlass.new_id(windlass.now_us());
begin
  if octet_length(name) not between 1 and 128 or octet_length(key) not between 1 and 256 then
    raise exception 'windlass: a batch''s name has 1 to 128 bytes, its key 1 to 256' using errcode = '22023';
  end if;
  perform windlass.open_batch_at(windlass.now_us(), the_id, name, key);
  return the_id;
exception when unique_violation then
  raise exception 'windlass: there is a batch with the key %: %', quote_literal(key),
    (select b.id from windlass.batch b where b.key = open_batch.key) using errcode = '23505';
end
$$;

create function windlass.seal_batch(batch uuid) returns void language plpgsql volatile as
$$
begin
  if windlass.seal_batch_at(windlass.now_us(), batch) = 2 then
    raise exception 'windlass: there is no batch %', batch using errcode = '23503';
  end if;
end
$$;

-- Batches as they stand, for people.
create view windlass.batches as
select b.id, b.name, b.key, windlass.moment(b.created_at) as created_at, case when not b.live then windlass.moment(b.ended_at) end as ended_at, b.sealed,
       case when b.live then null when b.ended = 5 then 'completed' when b.ended = 7 then 'failed' end as ended,
       count(m.job) as jobs, count(m.job) filter (where m.ended is null) as open,
       count(*) filter (where m.ended = 5) as completed, count(*) filter (where m.ended = 6) as cancelled,
       count(*) filter (where m.ended = 7) as dead
from windlass.batch b left join windlass.member m on m.batch = b.id
group by b.id;

-- Removes batches that ended before a moment, of which no job is left and that nobody waits for, among the next ones of a walk in the order of their
-- ids. Returns the last one it looked at, or null at the end.
create function windlass.forget_batches(after_batch uuid, before_us bigint, most integer) returns uuid language plpgsql volatile as
$$
declare
  seen uuid[];
  gone uuid[];
begin
  select array_agg(b.id) into seen
  from (select id from windlass.batch where id > after_batch order by id limit most) as b;
  gone := array(
    select b.id from windlass.batch b
    where b.id = any (seen) and not b.live and b.ended_at < before_us and not exists (
      select from windlass.member m
      where m.batch = b.id and (exists (select from windlass.finished f where f.id = m.job)
                                or exists (select from windlass.pending p where p.id = m.job)))
      and not exists (select from windlass.condition c where c.awaits = b.id and c.state = 0)
    for update skip locked);
  delete from windlass.member m where m.batch = any (gone);
  delete from windlass.batch b where b.id = any (gone);
  return case when cardinality(seen) >= most then seen[most] end;
end
$$;
