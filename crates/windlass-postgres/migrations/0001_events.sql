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
);

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

create unique index event_given on windlass.event (source, given) where given is not null;

-- How far the log reaches. One row, which is locked by who gives positions; the epoch changes where the log is not the one that it
-- was.
create table windlass.log (
  one      boolean not null primary key check (one),
  epoch    bigint  not null,
  last     bigint  not null,
  -- The last position that the subscriptions which are live were fed, and how often one was changed.
  routed   bigint  not null,
  revision bigint  not null
);

insert into windlass.log (one, epoch, last, routed, revision) values (true, 1, 0, 0, 0);

-- Subscriptions: which events become which jobs.
create table windlass.subscription (
  number     integer not null generated always as identity primary key,
  name       text    not null collate "C" unique,
  definition text    not null,
  -- It wants events behind this position.
  after      bigint  not null,
  -- The last position that it was fed, where that is not the one of all that are live.
  position   bigint,
  paused_at  bigint,
  created_at bigint  not null
);

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
    return query select i from unnest(ids) as i;
    return;
  end if;
  -- In one order, so that two callers with the same ids do not wait for each other. Who comes second sees what the first has written.
  perform pg_advisory_xact_lock(hashtext('windlass.event'), t.key)
  from (select distinct hashtext(u.source || ' ' || u.given) as key from unnest(sources, givens) as u(source, given)
        where u.given is not null order by 1) as t;
  insert into windlass.intake (id, source, given, type, subject, at, data, root, parent, meta)
  select t.id, t.source, t.given, t.type, t.subject, coalesce(t.at, us), t.data, t.root, t.parent, t.meta
  from unnest(ids, sources, givens, types, subjects, moments, datas, roots, parents, metas) with ordinality
    as t(id, source, given, type, subject, at, data, root, parent, meta, nth)
  where t.given is null or not exists (select from windlass.event e where e.source = t.source and e.given = t.given)
  order by t.nth
  on conflict (source, given) where given is not null do nothing;
  return query
  select case when t.given is null then t.id
              else coalesce((select e.id from windlass.event e where e.source = t.source and e.given = t.given),
                            (select i.id from windlass.intake i where i.source = t.source and i.given = t.given)) end
  from unnest(ids, sources, givens) with ordinality as t(id, source, given, nth)
  order by t.nth;
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
  with moved as (
    delete from windlass.intake i where i.nth in (select w.nth from windlass.intake w order by w.nth limit most) returning *
  ),
  -- Published once more while the first one was given its position.
  news as (
    select * from moved m
    where m.given is null or not exists (select from windlass.event e where e.source = m.source and e.given = m.given)
  ),
  numbered as (
    insert into windlass.event (position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta)
    select reached + row_number() over (order by n.nth), n.id, n.source, n.given, n.type, n.subject, n.at, us, n.data, n.root, n.parent, n.meta
    from news n
    returning 1
  )
  select count(*) into given from numbered;
  if given > 0 then
    update windlass.log set last = last + given;
  end if;
  return given;
end
$$;

-- Makes a subscription behind a position, or from now on where there is none, or changes what the one with this name is. Whether it
-- is new. Who changes one waits for who feeds them, and the other way round.
create function windlass.put_subscription_at(us bigint, the_name text, the_definition text, behind bigint) returns boolean
language plpgsql volatile as
$$
declare
  here windlass.log;
begin
  update windlass.log set revision = revision + 1 returning * into here;
  update windlass.subscription set definition = the_definition where name = the_name;
  if found then
    return false;
  end if;
  insert into windlass.subscription (name, definition, after, position, created_at)
  values (the_name, the_definition, coalesce(behind, here.last), case when behind < here.routed then behind end, us);
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
  set paused_at = case when pauses then coalesce(paused_at, us) end, position = coalesce(position, here.routed)
  where name = the_name;
  return found;
end
$$;

create function windlass.remove_subscription(the_name text) returns boolean language plpgsql volatile as
$$
begin
  update windlass.log set revision = revision + 1;
  delete from windlass.subscription where name = the_name;
  return found;
end
$$;

-- Writes what comes of a part of the log, for the subscription with this number, or for all that are live where there is none.
-- Returns 0 where it did, 1 where the subscription is live with it, 2 where somebody else was here or one was changed: nothing was
-- written then.
create function windlass.route_at(us bigint, seen bigint, the_number integer, behind bigint, up_to bigint,
  ids uuid[], queues text[], kinds text[], versions smallint[], limits smallint[], roots uuid[], parents uuid[], metas text[])
returns smallint language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  here  windlass.log;
  lives boolean := false;
begin
  select * into here from windlass.log for update;
  if here.revision <> seen then
    return 2;
  end if;
  if the_number is null then
    if here.routed <> behind then
      return 2;
    end if;
    update windlass.log set routed = up_to;
  else
    lives := up_to >= here.routed;
    update windlass.subscription set position = case when not lives then up_to end
    where number = the_number and position = behind and paused_at is null;
    if not found then
      return 2;
    end if;
    if lives then
      update windlass.log set revision = revision + 1;
    end if;
  end if;
  if cardinality(ids) > 0 then
    perform windlass.write_jobs(us, ids, array_fill(0::smallint, array[cardinality(ids)]), queues, kinds, versions,
      array_fill(0::smallint, array[cardinality(ids)]), limits, array_fill(null::bigint, array[cardinality(ids)]),
      array_fill(0::bigint, array[cardinality(ids)]), array_fill('null'::text, array[cardinality(ids)]), roots, parents,
      array_fill(null::text, array[cardinality(ids)]), metas, null);
  end if;
  return case when lives then 1 else 0 end;
end
$$;
