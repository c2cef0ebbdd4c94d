-- Limits that were set for queues, kinds and names of keys. scope: 0 queue · 1 kind · 2 key. origin: 0 code · 1 config
-- · 2 person. running: so many at once; tokens: so many in a time, and so many at once at most; broken: open for a time
-- after so many failures within one; reserved: of those of a queue so many for a kind, as an object; counted: jobs that ran
-- before it was set have their permits.
create table windlass.limit_rule (
  scope         smallint not null check (scope between 0 and 2),
  name          text     not null,
  running       integer  check (running > 0),
  tokens        integer  check (tokens > 0),
  tokens_per    bigint   check (tokens_per > 0),
  tokens_burst  integer  check (tokens_burst > 0),
  broken_after  integer  check (broken_after > 0),
  broken_within bigint   check (broken_within > 0),
  broken_for    bigint   check (broken_for > 0),
  reserved      jsonb,
  origin        smallint not null check (origin between 0 and 2),
  note          text,
  set_at        bigint   not null,
  counted       boolean  not null default false,
  primary key (scope, name),
  check ((tokens is null) = (tokens_per is null) and (tokens is null) = (tokens_burst is null)),
  check ((broken_after is null) = (broken_within is null) and (broken_after is null) = (broken_for is null))
);

-- Which running job has passed which gate. It counts for as long as the job's place in its lease is unsettled: what is
-- left behind by whatever road is not counted, and goes when tidying. A gate is a lane (its line), or y, the name of a
-- limit and a key, or k and a kind, or q and a queue, or r, a queue and a kind for which it reserves places. blocks: it
-- counts too while the job is dead.
create table windlass.permit (
  gate   text     collate "C" not null,
  job    uuid     not null,
  lease  uuid     not null,
  place  smallint not null,
  blocks boolean  not null,
  primary key (gate, job)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

create index permit_job on windlass.permit (job);
-- Nearly always empty: a lane that a dead job may block is rare.
create index permit_blocks on windlass.permit (gate) where blocks;

-- What is left of a rate, at a moment.
create table windlass.bucket (
  gate   text   collate "C" not null primary key,
  tokens double precision not null,
  at     bigint not null
) with (fillfactor = 50);

-- Failures that a breaker counts, and the breakers that are open.
create table windlass.failure (
  gate text   collate "C" not null,
  at   bigint not null,
  job  uuid   not null
);

create index failure_gate on windlass.failure (gate, at);

create table windlass.breaker (
  gate      text   collate "C" not null primary key,
  opened_at bigint not null,
  probe     uuid,
  probed_at bigint
);

-- Lets one claim at a time to the lines; false where its turn did not come within the patience.
create function windlass.take_lines(patience text) returns boolean language plpgsql volatile as
$$
declare
  usual text := current_setting('lock_timeout');
begin
  if pg_try_advisory_xact_lock(hashtext('windlass.lines'), 0) then
    return true;
  end if;
  perform set_config('lock_timeout', patience, true);
  perform pg_advisory_xact_lock(hashtext('windlass.lines'), 0);
  -- What comes after it, the commit too, is not to fail for waiting as long.
  perform set_config('lock_timeout', usual, true);
  return true;
exception when lock_not_available then
  return false;
end
$$;

-- How many of a gate's permits count: those of jobs that run, and of those that are just being claimed.
create function windlass.count_running(the_gate text, the_lease uuid) returns bigint language plpgsql stable as
$$
begin
  return (
    select count(*) from windlass.permit m
    where m.gate = the_gate
      and (m.lease = the_lease
           or exists (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0)));
end
$$;

-- How many a gate lets through, of so many at most. Permits that count no more are few: they are looked at only where
-- there are too many.
create function windlass.room_of(the_gate text, most integer, the_lease uuid) returns integer language plpgsql stable as
$$
declare
  running bigint := (select count(*) from windlass.permit m where m.gate = the_gate);
begin
  if running >= most then
    running := windlass.count_running(the_gate, the_lease);
  end if;
  return greatest(most - running, 0);
end
$$;

-- What there is of a rate by now.
create function windlass.tokens_of(b windlass.bucket, rule windlass.limit_rule, us bigint) returns double precision
language sql immutable as
$$ select least(rule.tokens_burst, b.tokens + greatest(us - b.at, 0)::float8 * rule.tokens / rule.tokens_per) $$;

-- What a gate lets through now: jobs, and tokens of its rate; null where it has no such limit.
create type windlass.opening as (room integer, tokens double precision);

create function windlass.open_gate(the_gate text, rule windlass.limit_rule, us bigint, the_lease uuid)
returns windlass.opening language plpgsql volatile as
$$
declare
  opened windlass.opening;
  held   windlass.breaker;
  failed bigint;
begin
  if rule.running is not null then
    opened.room := windlass.room_of(the_gate, rule.running, the_lease);
  end if;
  if rule.tokens is not null then
    -- A moment ahead of this was written by a clock that has been set back since: tokens come again from now on.
    update windlass.bucket b set at = us where b.gate = the_gate and b.at > us + 60000000;
    opened.tokens := coalesce((select windlass.tokens_of(b, rule, us) from windlass.bucket b where b.gate = the_gate), rule.tokens_burst);
  end if;
  if rule.broken_after is null then
    return opened;
  end if;
  select * into held from windlass.breaker b where b.gate = the_gate;
  if not found then
    select count(*) into failed
    from (select from windlass.failure f where f.gate = the_gate and f.at > us - rule.broken_within limit rule.broken_after) as f;
    if failed >= rule.broken_after then
      insert into windlass.breaker (gate, opened_at) values (the_gate, us);
      opened.room := 0;
    end if;
  elsif held.opened_at > us + 60000000 then
    -- The clock was set back.
    update windlass.breaker b set opened_at = us, probe = null, probed_at = null where b.gate = the_gate;
    opened.room := 0;
  elsif us < held.opened_at + rule.broken_for then
    opened.room := 0;
  elsif held.probe is null then
    opened.room := least(coalesce(opened.room, 1), 1);
  elsif exists (select from windlass.permit m left join windlass.lease l on l.id = m.lease
                where m.gate = the_gate and m.job = held.probe and (m.lease = the_lease or get_bit(l.settled, m.place - 1) = 0)) then
    opened.room := 0;
  elsif exists (select from windlass.failure f where f.gate = the_gate and f.job = held.probe and f.at >= held.probed_at) then
    update windlass.breaker b set opened_at = us, probe = null, probed_at = null where b.gate = the_gate;
    opened.room := 0;
  elsif windlass.has_told_nothing(held.probe) then
    update windlass.breaker b set probe = null, probed_at = null where b.gate = the_gate;
    opened.room := least(coalesce(opened.room, 1), 1);
  else
    delete from windlass.breaker b where b.gate = the_gate;
    delete from windlass.failure f where f.gate = the_gate;
  end if;
  return opened;
end
$$;

-- Whether a probe that runs no more, and has not failed, says nothing: it was lost, handed back, put off or cancelled.
create function windlass.has_told_nothing(probe uuid) returns boolean language sql stable as
$$
  select exists (select from windlass.pending p where p.id = probe)
      or exists (select from windlass.finished f where f.id = probe and f.state = 6)
$$;

-- Removes the permits that count no more, failures from before kept_from, and buckets that are full or of no limit.
-- Claims give permits under the same lock, so that none is removed while a job gets it again; while claims keep the lock,
-- the next tidying does it.
create function windlass.forget_permits(us bigint, kept_from bigint) returns void language plpgsql volatile as
$$
begin
  if not windlass.take_lines('90ms') then
    return;
  end if;
  delete from windlass.permit m
  where not exists (select from windlass.lease e where e.id = m.lease and get_bit(e.settled, m.place - 1) = 0)
    and not (m.blocks and exists (select from windlass.finished d where d.id = m.job and d.state = 7));
  delete from windlass.failure f where f.at < kept_from;
  delete from windlass.bucket b
  where not exists (
    select from windlass.limit_rule r
    where r.scope = strpos('qky', left(b.gate, 1)) - 1 and r.name = split_part(substr(b.gate, 2), chr(31), 1)
      and b.tokens + greatest(us - b.at, 0)::float8 * r.tokens / r.tokens_per < r.tokens_burst);
end
$$;

-- Gives the jobs that run a permit of a limit that was not there when they were claimed. A claim that has not seen the
-- limit may still be under way for a moment; the first claim after that counts the last time. What another transaction is
-- about to end is not waited for.
create function windlass.count_in(rule windlass.limit_rule, us bigint) returns void language plpgsql volatile as
$$
begin
  with runs as (
    select r.id, r.lease, r.place, r.queue, r.kind,
           case rule.scope when 0 then 'q' || r.queue when 1 then 'k' || r.kind
             else 'y' || rule.name || chr(31) || (r.meta::jsonb->'limited'->>'key') end as gate
    from windlass.running_job r
    where (rule.scope = 0 and r.queue = rule.name) or (rule.scope = 1 and r.kind = rule.name)
       or (rule.scope = 2 and strpos(r.meta, '"limited"') > 0
           and coalesce(r.meta::jsonb->'limited'->>'name', r.kind) = rule.name)
  )
  insert into windlass.permit as m (gate, job, lease, place, blocks)
  select g.gate, r.id, r.lease, r.place, false
  from runs r cross join lateral (
    values (r.gate), (case when rule.scope = 0 and rule.reserved ? r.kind then 'r' || r.queue || chr(31) || r.kind end)) as g(gate)
  where g.gate is not null
    and not exists (select from windlass.permit o where o.gate = g.gate and o.job = r.id and o.lease = r.lease)
  on conflict (gate, job) do update set lease = excluded.lease, place = excluded.place;
  update windlass.limit_rule l set counted = true
  where l.ctid = (select ctid from windlass.limit_rule where scope = rule.scope and name = rule.name and set_at <= us - 5000000
                  for update skip locked);
end
$$;

-- Sets a limit; false where a person has set another, and this is none. One that is the same already stays as it is.
create function windlass.write_limit(rule windlass.limit_rule) returns boolean language plpgsql volatile as
$$
declare
  old windlass.limit_rule;
begin
  rule.counted := false;
  select * into old from windlass.limit_rule l where l.scope = rule.scope and l.name = rule.name;
  if old.origin = 2 and rule.origin < 2 then
    return false;
  end if;
  old.set_at := rule.set_at;
  old.counted := false;
  if old is not distinct from rule then
    return true;
  end if;
  insert into windlass.limit_rule as l select rule.*
  on conflict (scope, name) do update
  set running = excluded.running, tokens = excluded.tokens, tokens_per = excluded.tokens_per,
      tokens_burst = excluded.tokens_burst, broken_after = excluded.broken_after, broken_within = excluded.broken_within,
      broken_for = excluded.broken_for, reserved = excluded.reserved, origin = excluded.origin, note = excluded.note,
      set_at = excluded.set_at, counted = false
  where l.origin < 2 or excluded.origin = 2;
  if not found then
    return false;
  end if;
  perform pg_notify(channel, '') from windlass.idle;
  return true;
end
$$;

-- Sets a limit, for people: of queue:NAME, kind:NAME or key:NAME. Options: running (so many at once), rate (so many
-- tokens), per (an interval's text, 1 second unless said), burst, break_after (failures), within and open_for
-- (intervals' texts, 1 minute unless said), reserve (of a queue's running so many for a kind, as an object), note.
create function windlass.set_limit(target text, options jsonb) returns void language plpgsql volatile as
$$
declare
  rule  windlass.limit_rule;
  wrong text;
begin
  select key into wrong from jsonb_object_keys(options) as key
  where key not in ('running', 'rate', 'per', 'burst', 'break_after', 'within', 'open_for', 'reserve', 'note') limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'running, rate, per, burst, break_after, within, open_for, reserve, note';
  end if;
  if target is null or target !~ '^(queue|kind|key):[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: a limit cannot be set for %', coalesce(quote_literal(target), 'null') using errcode = '22023',
      hint = 'queue:NAME, kind:NAME or key:NAME';
  end if;
  if options->>'rate' is null and coalesce(options->>'per', options->>'burst') is not null
     or options->>'break_after' is null and coalesce(options->>'within', options->>'open_for') is not null then
    raise exception 'windlass: per and burst are of a rate, within and open_for of break_after' using errcode = '22023',
      hint = 'the option rate or break_after';
  end if;
  rule.scope := case split_part(target, ':', 1) when 'queue' then 0 when 'kind' then 1 else 2 end;
  rule.name := substr(target, strpos(target, ':') + 1);
  rule.running := (options->>'running')::integer;
  rule.tokens := (options->>'rate')::integer;
  rule.broken_after := (options->>'break_after')::integer;
  if rule.tokens is not null then
    rule.tokens_per := (extract(epoch from coalesce(options->>'per', '1 second')::interval) * 1000000)::bigint;
    rule.tokens_burst := coalesce((options->>'burst')::integer, rule.tokens);
  end if;
  if rule.broken_after is not null then
    rule.broken_within := (extract(epoch from coalesce(options->>'within', '1 minute')::interval) * 1000000)::bigint;
    rule.broken_for := (extract(epoch from coalesce(options->>'open_for', '1 minute')::interval) * 1000000)::bigint;
  end if;
  if coalesce(rule.running, rule.tokens, rule.broken_after) is null then
    raise exception 'windlass: a limit says how many run, a rate or when to break' using errcode = '22023';
  end if;
  if least(rule.running, rule.tokens, rule.tokens_burst, rule.broken_after) < 1
     or least(rule.tokens_per, rule.broken_within, rule.broken_for) < 1000
     or greatest(rule.tokens_per, rule.broken_within, rule.broken_for) > 86400000000 then
    raise exception 'windlass: a number of a limit is at least 1, a time from a millisecond to a day' using errcode = '22023';
  end if;
  if jsonb_typeof(options->'reserve') = 'object' and options->'reserve' <> '{}' then
    if rule.scope <> 0 or rule.running is null then
      raise exception 'windlass: reserve is of the limit of a queue that says how many run' using errcode = '22023',
        hint = 'queue:NAME, with the option running';
    end if;
    if (select count(*) > 16
               or not bool_and(r.key ~ '^[[:alnum:]._:/-]{1,128}$' and jsonb_typeof(r.value) = 'number'
                               and r.value#>>'{}' ~ '^[1-9][0-9]{0,9}$')
               or sum(case when r.value#>>'{}' ~ '^[1-9][0-9]{0,9}$' then (r.value#>>'{}')::bigint end) > rule.running
        from jsonb_each(options->'reserve') r) then
      raise exception 'windlass: reserve names at most 16 kinds, each with at least 1 place, and no more places than running'
        using errcode = '22023', hint = '{"running": 20, "reserve": {"welcome": 5}}';
    end if;
    rule.reserved := options->'reserve';
  elsif jsonb_typeof(options->'reserve') <> 'object' and options->'reserve' <> 'null' then
    raise exception 'windlass: reserve is an object of kinds and numbers' using errcode = '22023',
      hint = '{"running": 20, "reserve": {"welcome": 5}}';
  end if;
  rule.origin := 2;
  rule.note := options->>'note';
  rule.set_at := windlass.now_us();
  perform windlass.write_limit(rule);
end
$$;

create function windlass.remove_limit(target text) returns boolean language sql volatile as
$$
  with gone as (
    delete from windlass.limit_rule
    where scope = case split_part(target, ':', 1) when 'queue' then 0 when 'kind' then 1 when 'key' then 2 end
      and name = substr(target, strpos(target, ':') + 1)
    returning scope, name),
  closed as (
    delete from windlass.breaker b using gone g
    where b.gate = (array['q', 'k', 'y'])[g.scope + 1] || g.name or g.scope = 2 and starts_with(b.gate, 'y' || g.name || chr(31))),
  forgotten as (
    delete from windlass.failure f using gone g
    where f.gate = (array['q', 'k', 'y'])[g.scope + 1] || g.name or g.scope = 2 and starts_with(f.gate, 'y' || g.name || chr(31))),
  woken as (select count(pg_notify(channel, '')) from windlass.idle where exists (select from gone))
  select exists (select from gone) from woken
$$;

-- Closes the breaker of a limit, for a name those of all its keys, and forgets the failures that it has counted; false
-- where none was open.
create function windlass.close_breaker(target text) returns boolean language sql volatile as
$$
  with wanted as (
    select case split_part(target, ':', 1) when 'queue' then 'q' when 'kind' then 'k' when 'key' then 'y' end
             || substr(target, strpos(target, ':') + 1) as gate),
  forgotten as (
    delete from windlass.failure f using wanted w
    where f.gate = w.gate or f.gate > w.gate || chr(31) and f.gate < w.gate || chr(32)),
  closed as (
    delete from windlass.breaker b using wanted w
    where b.gate = w.gate or b.gate > w.gate || chr(31) and b.gate < w.gate || chr(32)
    returning b.gate),
  woken as (select count(pg_notify(channel, '')) from windlass.idle where exists (select from closed))
  select exists (select from closed) from woken
$$;
