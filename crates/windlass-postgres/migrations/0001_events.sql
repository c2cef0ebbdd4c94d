-- Events: what was published, in the order in which it could be seen.

-- What was published and has no position yet. Writers wait for nobody: the order in which they began is not the one in which
-- they end, so numbers are given once they have.
create table windlass.intake (
  nth     bigint generated always as identity primary key,
  id      uuid   not null,
  source  text   not null collate "C",
  -- The id that its source gave it.
  given   text   collate "C",
  type    text   not null,
  subject text,
  at      bigint not null,
  data    text,
  root    uuid,
  parent  uuid,
  meta    text
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

create unique index intake_given on windlass.intake (source, given) where given is not null;

create table windlass.event (
  position    bigint not null primary key,
  id          uuid   not null unique,
  source      text   not null collate "C",
  given       text   collate "C",
  type        text   not null,
  subject     text,
  at          bigint not null,
  recorded_at bigint not null,
  data        text,
  root        uuid,
  parent      uuid,
  meta        text
);

create index event_root on windlass.event (root) where root is not null;
create unique index event_given on windlass.event (source, given) where given is not null;

-- How far the log reaches. One row, which is locked by who gives positions; the epoch changes where the log is not the one that it
-- was.
create table windlass.log (
  one      boolean not null primary key check (one),
  epoch    bigint  not null,
  last     bigint  not null,
  -- The last position that the subscriptions which are live were fed; the number up to which they were fed the event behind it;
  -- and how often a subscription was changed.
  routed   bigint  not null,
  part     integer not null,
  revision bigint  not null,
  -- How long events are kept, in microseconds: at least, and at most where that is said; how many were removed; and how far a walk
  -- over those whose time is over has come.
  keep     bigint  not null default 2592000000000,
  at_most  bigint,
  removed  bigint  not null default 0,
  walked   bigint  not null default 0,
  -- The channel of who feeds them and has found nothing to do: who publishes says so on it.
  sleeper  text
);

insert into windlass.log (one, epoch, last, routed, part, revision) values (true, 1, 0, 0, 0, 0);

-- Subscriptions: which events become which jobs.
create table windlass.subscription (
  number     integer not null generated always as identity primary key,
  name       text    not null collate "C" unique,
  definition text    not null,
  -- It wants events behind this position.
  after      bigint  not null,
  -- What it is has been so behind this position.
  since      bigint  not null,
  -- The last position that it was fed, where that is not the one of all that are live.
  position   bigint,
  -- The last position that it wants, where it is removed then.
  until      bigint,
  paused_at  bigint,
  created_at bigint  not null
);

create index subscription_behind on windlass.subscription (position) where position is not null;

-- Events that a subscription was not fed, and never will be.
create table windlass.gap (
  nth           bigint generated always as identity primary key,
  number        integer not null,
  from_position bigint  not null,
  to_position   bigint  not null,
  reason        text    not null,
  at            bigint  not null
);

-- Events of a subscription that wait for others to become one job with them.
create table windlass.event_window (
  number    integer  not null,
  key       text     not null collate "C",
  opened_at bigint   not null,
  due_at    bigint   not null,
  positions bigint[] not null,
  primary key (number, key)
) with (fillfactor = 50);

create index event_window_due on windlass.event_window (due_at);

-- The jobs of a subscription, which its number ends: see the function job_of in the library.
create index pending_subscription on windlass.pending (substr(uuid_send(id), 13, 4)) where get_byte(uuid_send(id), 6) between 128 and 143;

-- The jobs that other jobs have enqueued, by the root of their tree. Those that come of events are found by these.
create index pending_root on windlass.pending (root) where root is not null and get_byte(uuid_send(id), 6) not between 128 and 143;
create index finished_root on windlass.finished (root) where root is not null and get_byte(uuid_send(id), 6) not between 128 and 143;

-- The last position that a subscription which is live was fed.
create function windlass.fed_to(here windlass.log, number integer) returns bigint language sql immutable as
$$ select case when here.part >= number then here.routed + 1 else here.routed end $$;

-- Says that there is something to feed, where who feeds does not look by himself.
create function windlass.tell_of_events() returns void language sql volatile as
$$
  select pg_notify(l.sleeper, 'events') from windlass.log l where l.sleeper is not null
$$;

-- Whether another transaction that is open may have published.
create function windlass.publishes() returns boolean language sql volatile as
$$
  select exists (select from pg_locks l where l.relation = 'windlass.intake'::regclass and l.mode = 'RowExclusiveLock'
                 and l.pid <> pg_backend_pid()
                 and l.database = (select oid from pg_database where datname = current_database()))
$$;

-- Publishes events, all or none, in their order. Returns the id of each that is there now: its own, or that of the one that its
-- source has published with its given id before.
create function windlass.publish_all(us bigint, ids uuid[], sources text[], givens text[], types text[], subjects text[],
  moments bigint[], datas text[], roots uuid[], parents uuid[], metas text[]) returns setof uuid language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
begin
  if not exists (select from unnest(givens) as g where g is not null) then
    insert into windlass.intake (id, source, type, subject, at, data, root, parent, meta)
    select t.id, t.source, t.type, t.subject, coalesce(t.at, us), t.data, t.root, t.parent, t.meta
    from unnest(ids, sources, types, subjects, moments, datas, roots, parents, metas) with ordinality
      as t(id, source, type, subject, at, data, root, parent, meta, nth)
    order by t.nth;
    -- Behind the insert: who does not see that somebody sleeps is seen by him, see windlass.publishes.
    perform windlass.tell_of_events();
    return query select i from unnest(ids) as i;
    return;
  end if;
  -- Numbered in their order, and written in the order of their ids, so that two callers with the same ones do not wait for each other.
  -- Who comes second waits for the first at the index.
  insert into windlass.intake (nth, id, source, given, type, subject, at, data, root, parent, meta) overriding system value
  select n.nth, n.id, n.source, n.given, n.type, n.subject, coalesce(n.at, us), n.data, n.root, n.parent, n.meta
  from (
    select nextval('windlass.intake_nth_seq') as nth, t.id, t.source, t.given, t.type, t.subject, t.at, t.data, t.root, t.parent, t.meta
    from unnest(ids, sources, givens, types, subjects, moments, datas, roots, parents, metas) with ordinality
      as t(id, source, given, type, subject, at, data, root, parent, meta, nth)
    -- One look for each: for an "exists" behind an "or" a plan may read the whole log.
    where t.given is null or (select e.id from windlass.event e where e.source = t.source and e.given = t.given) is null
    order by t.nth
    offset 0
  ) as n
  order by n.source, n.given, n.nth
  on conflict (source, given) where given is not null do nothing;
  perform windlass.tell_of_events();
  return query
  select case when t.given is null then t.id
              else coalesce((select e.id from windlass.event e where e.source = t.source and e.given = t.given),
                            -- An old snapshot may see the first one and the second.
                            (select i.id from windlass.intake i where i.source = t.source and i.given = t.given
                             order by i.id = t.id limit 1)) end
  from unnest(ids, sources, givens) with ordinality as t(id, source, given, nth)
  order by t.nth;
end
$$;

-- Moves events from the intake behind the last position that was given, at most so many; how many. Ids of events are looked at where
-- that is said.
create function windlass.move_intake(us bigint, reached bigint, most integer, looks boolean) returns bigint language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  given bigint;
begin
  with moved as (
    delete from windlass.intake i where i.nth in (select w.nth from windlass.intake w order by w.nth limit most) returning *
  ),
  -- Published once more while the first one was given its position.
  news as (
    select * from moved m
    where (m.given is null or (select e.id from windlass.event e where e.source = m.source and e.given = m.given) is null)
      and (not looks or ((select e.id from windlass.event e where e.id = m.id) is null
                         and m.nth = (select min(n.nth) from moved n where n.id = m.id)))
  ),
  numbered as (
    insert into windlass.event (position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta)
    select reached + row_number() over (order by n.nth), n.id, n.source, n.given, n.type, n.subject, n.at, us, n.data, n.root, n.parent, n.meta
    from news n
    returning 1
  )
  select count(*) into given from numbered;
  return given;
end
$$;

-- Gives events that were committed the next positions, in the order in which they were written, at most so many. Returns how many;
-- none where another transaction is about to, which has the row of the log.
create function windlass.sequence_at(us bigint, most integer) returns bigint language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  reached bigint;
  given   bigint;
begin
  select l.last into reached from windlass.log l for update skip locked;
  if reached is null then
    return 0;
  end if;
  -- The clock may have been set back: moments of the log never go back.
  us := greatest(us, (select e.recorded_at from windlass.event e where e.position = reached));
  begin
    given := windlass.move_intake(us, reached, most, false);
  exception when unique_violation then
    -- Somebody has published an event twice, with its own id: it is one event.
    given := windlass.move_intake(us, reached, most, true);
  end;
  if given > 0 then
    update windlass.log set last = last + given, sleeper = null;
  end if;
  return given;
end
$$;

-- Makes a subscription behind a position, or from now on where there is none, or changes what the one with this name is. Whether it
-- is new; what it is already changes nothing. Who changes one waits for who feeds them, and the other way round.
create function windlass.put_subscription_at(us bigint, the_name text, the_definition text, behind bigint, up_to bigint) returns boolean
language plpgsql volatile as
$$
declare
  here windlass.log;
begin
  if exists (select from windlass.subscription s where s.name = the_name and s.definition = the_definition) then
    return false;
  end if;
  update windlass.log set revision = revision + 1 returning * into here;
  update windlass.subscription set definition = the_definition, since = coalesce(position, windlass.fed_to(here, number))
  where name = the_name;
  if found then
    -- What has waited for others waits no longer.
    update windlass.event_window w set due_at = least(w.due_at, us) from windlass.subscription s
    where s.name = the_name and w.number = s.number;
    return false;
  end if;
  insert into windlass.subscription (name, definition, after, since, position, until, created_at)
  values (the_name, the_definition, coalesce(behind, here.last), coalesce(behind, here.last),
    case when behind < here.routed or up_to is not null then behind end, up_to, us);
  return true;
end
$$;

-- Has one stand still, or go on where it stood. False where there is none.
create function windlass.pause_subscription_at(us bigint, the_name text, pauses boolean) returns boolean language plpgsql volatile as
$$
declare
  here windlass.log;
begin
  update windlass.log set revision = revision + 1 returning * into here;
  update windlass.subscription
  set paused_at = case when pauses then coalesce(paused_at, us) end, position = coalesce(position, windlass.fed_to(here, number))
  where name = the_name;
  return found;
end
$$;

create function windlass.remove_subscription_at(the_name text) returns boolean language plpgsql volatile as
$$
begin
  update windlass.log set revision = revision + 1;
  delete from windlass.gap g using windlass.subscription s where s.name = the_name and g.number = s.number;
  delete from windlass.event_window w using windlass.subscription s where s.name = the_name and w.number = s.number;
  delete from windlass.subscription where name = the_name;
  return found;
end
$$;

-- Writes what comes of a part of the log, for the subscription with this number, or for all that are live where there is none.
-- Returns 0 where it did, 1 where the subscription is live or over with it, 2 where somebody else was here or one was changed: nothing was
-- written then.
create function windlass.route_at(us bigint, seen bigint, the_number integer, behind bigint, behind_part integer, up_to bigint,
  up_to_part integer, is_full integer[],
  gathers boolean, ids uuid[], queues text[], kinds text[], versions smallint[], limits smallint[], roots uuid[], parents uuid[],
  metas text[])
returns smallint language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  here    windlass.log;
  its_end bigint;
  lives   boolean := false;
begin
  select * into here from windlass.log for update;
  if here.revision <> seen then
    return 2;
  end if;
  if the_number is null then
    if here.routed <> behind or here.part <> behind_part then
      return 2;
    end if;
    update windlass.log set routed = up_to, part = up_to_part, revision = revision + case when cardinality(is_full) > 0 then 1 else 0 end;
    -- From now on they catch up.
    update windlass.subscription set position = windlass.fed_to(here, number) where number = any (is_full) and position is null;
  else
    select s.until into its_end from windlass.subscription s where s.number = the_number;
    -- It goes with its last window.
    if up_to >= its_end and not gathers and not exists (select from windlass.event_window w where w.number = the_number) then
      delete from windlass.subscription where number = the_number and position = behind and paused_at is null;
      lives := true;
    else
      lives := its_end is null and up_to >= windlass.fed_to(here, the_number);
      update windlass.subscription set position = case when not lives then up_to end
      where number = the_number and position = behind and paused_at is null;
    end if;
    if not found then
      return 2;
    end if;
    if lives then
      update windlass.log set revision = revision + 1;
      delete from windlass.gap where number = the_number and up_to >= its_end;
    end if;
  end if;
  if cardinality(ids) > 0 then
    perform windlass.write_routed(us, ids, queues, kinds, versions, limits, roots, parents, metas, null);
  end if;
  return case when lives then 1 else 0 end;
end
$$;

-- Writes jobs that come of events. As windlass.write_fresh does, of which nothing else is asked here: such a job is due, waits for
-- nothing, and has neither a key nor a rule for its lane. Args are those of jobs of several events.
create function windlass.write_routed(us bigint, ids uuid[], queues text[], kinds text[], versions smallint[], limits smallint[],
  roots uuid[], parents uuid[], metas text[], args text[]) returns void language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
begin
  insert into windlass.pending (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args, root, parent, meta, line)
  select t.id, us, us, 2, t.version, 0, t.max_attempts, t.queue, t.kind, coalesce(t.args, 'null'), t.root, t.parent, t.meta,
    windlass.line_in(t.meta)
  from unnest(ids, queues, kinds, versions, limits, roots, parents, metas, write_routed.args)
    as t(id, queue, kind, version, max_attempts, root, parent, meta, args);
  perform pg_notify(i.channel, '') from windlass.idle i
  where i.queues && array(select distinct q from unnest(write_routed.queues) as q) limit cardinality(ids);
end
$$;

-- Puts events into the windows of their keys: into the one that is open, or a new one. Where most is null only the last event stays;
-- one that has as many is due when the last of them got its position. Who feeds has the row of the log.
create function windlass.gather(numbers integer[], keys text[], opened bigint[], dues bigint[], lasts bigint[], mosts bigint[],
  positions text[]) returns void language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
begin
  with more as (
    select t.number, t.key, t.opened, t.due, t.last, t.most, t.positions::bigint[] as positions
    from unnest(numbers, keys, opened, dues, lasts, mosts, gather.positions) as t(number, key, opened, due, last, most, positions)
  ),
  grown as (
    update windlass.event_window w
    set positions = case when m.most is null then m.positions else w.positions || m.positions end,
      due_at = case when cardinality(w.positions) + cardinality(m.positions) >= m.most then least(w.due_at, m.last) else w.due_at end
    from more m where w.number = m.number and w.key = m.key
  )
  insert into windlass.event_window (number, key, opened_at, due_at, positions)
  select m.number, m.key, m.opened, case when cardinality(m.positions) >= m.most then least(m.due, m.last) else m.due end, m.positions
  from more m
  where not exists (select from windlass.event_window w where w.number = m.number and w.key = m.key);
end
$$;

-- Writes the jobs of windows, and what stays of these; nothing, and false, where one is not as it was or a subscription has changed, and
-- where an event has got its position behind the last one that was seen, at a moment that belongs into one of them.
create function windlass.close_windows_at(us bigint, seen bigint, numbers integer[], keys text[], befores text[], rests text[],
  opened bigint[], dues bigint[], ids uuid[], queues text[], kinds text[], versions smallint[], limits smallint[], roots uuid[],
  parents uuid[], metas text[], args text[], last_seen bigint, until bigint) returns boolean language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  here windlass.log;
begin
  select * into here from windlass.log for update;
  if here.revision <> seen
     or until > (select e.recorded_at from windlass.event e where e.position > last_seen order by e.position limit 1)
     or exists (
      select from unnest(numbers, keys, befores) as t(number, key, before)
      left join windlass.event_window w on w.number = t.number and w.key = t.key
      where w.positions is distinct from t.before::bigint[]) then
    return false;
  end if;
  delete from windlass.event_window w using unnest(numbers, keys, rests) as t(number, key, rest)
  where w.number = t.number and w.key = t.key and t.rest is null;
  update windlass.event_window w set opened_at = t.opened, due_at = t.due, positions = t.rest::bigint[]
  from unnest(numbers, keys, rests, opened, dues) as t(number, key, rest, opened, due)
  where w.number = t.number and w.key = t.key and t.rest is not null;
  if cardinality(ids) > 0 then
    perform windlass.write_routed(us, ids, queues, kinds, versions, limits, roots, parents, metas, close_windows_at.args);
  end if;
  return true;
end
$$;

-- Removes those of these events whose time is over, that all who want them have been fed, and whose jobs, with ids between two, have
-- ended, other than as dead. What is older than any event may be goes also where somebody was not fed it, who gets a gap. Returns how
-- many. Nobody feeds and nobody makes a subscription meanwhile.
create function windlass.forget_events_at(us bigint, positions bigint[], lows uuid[], highs uuid[]) returns bigint language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  here    windlass.log;
  fed     bigint;
  gone    bigint;
  beyond  bigint;
  because text;
  told    integer[];
  begins  bigint[];
  ends    bigint[];
begin
  select * into here from windlass.log for update;
  fed := least(here.routed, (select min(s.position) from windlass.subscription s where s.position is not null));
  with running as materialized (
    select r.id from windlass.running_job r where get_byte(uuid_send(r.id), 6) between 128 and 143
  ),
  waiting as materialized (select unnest(w.positions) as position from windlass.event_window w),
  forgotten as (
    delete from windlass.event e using unnest(positions, lows, highs) as c(position, low, high)
    where e.position = c.position and e.position <= here.routed and e.recorded_at < us - here.keep
      and (e.position <= fed or e.recorded_at < us - here.at_most)
      and not exists (select from windlass.pending p where p.id between c.low and c.high)
      and not exists (select from windlass.finished f where f.state = 7 and f.id between c.low and c.high)
      and not exists (select from running r where r.id between c.low and c.high)
      and not exists (select from waiting w where w.position = e.position)
    returning e.position
  )
  select count(*), max(f.position) filter (where f.position > fed) into gone, beyond from forgotten f;
  if beyond is not null then
    because := 'events are kept for at most ' || (here.at_most / 86400000000.0)::numeric(10, 2)::float8 || ' days';
    with passed as (
      update windlass.subscription s set position = beyond from windlass.subscription before
      where s.number = before.number and s.position < beyond
      returning s.number, before.position, least(beyond, s.until) as ends
    ),
    lost as (
      select p.number, p.position, p.ends from passed p where p.position < p.ends
    ),
    longer as (
      update windlass.gap g set to_position = l.ends, at = us from lost l
      where g.number = l.number and g.to_position = l.position and g.reason = because returning g.number
    ),
    news as (
      insert into windlass.gap (number, from_position, to_position, reason, at)
      select l.number, l.position + 1, l.ends, because, us from lost l where l.number not in (select number from longer)
    )
    select array_agg(l.number order by l.number), array_agg(l.position + 1 order by l.number), array_agg(l.ends order by l.number)
    into told, begins, ends from lost l;
    -- One that has become longer is told by what is new of it.
    perform windlass.tell_fact(us, 'subscription.gap', s.name, 'subscription/' || s.name, null,
      jsonb_build_object('subscription', s.name, 'from', g.begins, 'to', g.ends, 'reason', because))
    from unnest(told, begins, ends) as g(number, begins, ends) join windlass.subscription s on s.number = g.number;
  end if;
  update windlass.log set removed = removed + gone, walked = coalesce(positions[cardinality(positions)], 0),
    revision = revision + case when beyond is null then 0 else 1 end;
  return gone;
end
$$;

-- The extension attributes among the options of windlass.publish; null where there are none.
create function windlass.extensions_of(options jsonb) returns jsonb language plpgsql immutable as
$$
declare
  extensions jsonb := nullif(nullif(options->'extensions', 'null'), '{}');
begin
  if extensions is null then
    return null;
  elsif jsonb_typeof(extensions) = 'object' and (select count(*) <= 32 from jsonb_object_keys(extensions)) and not exists (
      select from jsonb_each(extensions) as e(name, value)
      where e.name !~ '^[a-z0-9]{1,20}$'
         or e.name in ('id', 'source', 'type', 'specversion', 'subject', 'time', 'data', 'datacontenttype', 'dataschema', 'traceparent')
         or case jsonb_typeof(e.value)
              when 'boolean' then false
              when 'number' then e.value::text !~ '^-?[0-9]+$' or e.value::numeric not between -2147483648 and 2147483647
              when 'string' then octet_length(e.value#>>'{}') > 1024
              else true end) then
    return extensions;
  end if;
  raise exception 'windlass: extensions % cannot be used', left(extensions::text, 256) using errcode = '22023',
    hint = 'an object of up to 32 names of 1 to 20 lower-case letters and digits, none of CloudEvents'' own, with booleans, integers '
           'of 32 bits and texts of up to 1024 bytes';
end
$$;

-- Events for every language: what has happened, what there is to know of it, and of the options id (that its source gave it: of the
-- calls with one source and one id the first counts), source (a URI reference), subject (what it has happened to), time (RFC 3339),
-- extensions (an object of CloudEvents' extension attributes), subjects (an object of types with an id or an array of ids) and
-- version (of the data). Returns the id of the event that is there now.
create function windlass.publish(type text, data jsonb default null, options jsonb default null) returns uuid
language plpgsql volatile as
$$
declare
  us    bigint := windlass.now_us();
  own   text;
  word  text;
  wrong text;
begin
  select key into wrong from jsonb_object_keys(coalesce(options, '{}')) as key
  where key not in ('id', 'source', 'subject', 'time', 'extensions', 'subjects', 'version') limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'id, source, subject, time, extensions, subjects, version';
  end if;
  if publish.type is null or publish.type !~ '^[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: type % cannot be used', coalesce(quote_literal(left(publish.type, 128)), 'null') using errcode = '22023',
      hint = 'up to 128 letters, digits and . _ - : /';
  end if;
  if starts_with(publish.type, 'windlass.') then
    raise exception 'windlass: an event of type % cannot be published: by types that begin with windlass. Windlass alone tells of itself',
      publish.type using errcode = '22023', hint = 'give it another type';
  end if;
  foreach word in array array['id', 'source', 'subject'] loop
    own := options->>word;
    if octet_length(own) not between 1 and 256 or strpos(own, chr(31)) > 0 then
      raise exception 'windlass: % has 1 to 256 bytes without U+001F', word using errcode = '22023';
    end if;
  end loop;
  if coalesce(options->'version', 'null') <> 'null'
     and (options->>'version' !~ '^[0-9]{1,5}$' or (options->>'version')::integer not between 1 and 65535) then
    raise exception 'windlass: version % cannot be used', options->>'version' using errcode = '22023', hint = 'a number from 1 to 65535';
  end if;
  if not isfinite((options->>'time')::timestamptz) then
    raise exception 'windlass: time % cannot be used', options->>'time' using errcode = '22023', hint = 'a moment, RFC 3339';
  end if;
  if octet_length(data::text) > 262144 then
    raise exception 'windlass: data of % bytes are above the limit of 262144', octet_length(data::text) using errcode = '22023';
  end if;
  return (
    select p.id from windlass.publish_all(
      us, array[windlass.new_id(us)], array[coalesce(options->>'source', '/')], array[options->>'id'], array[publish.type],
      array[options->>'subject'], array[(extract(epoch from (options->>'time')::timestamptz) * 1000000)::bigint], array[data::text],
      array[null::uuid], array[null::uuid],
      array[jsonb_strip_nulls(jsonb_build_object(
        'version', nullif((options->>'version')::integer, 1), 'extensions', windlass.extensions_of(options),
        'subjects', windlass.subjects_of(options), 'origin', 'sql'))::text]) as p(id));
end
$$;
