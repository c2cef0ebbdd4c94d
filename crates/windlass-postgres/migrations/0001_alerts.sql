-- Alerts: what Windlass tells of itself, by events of its own.

-- Whether it may want events of Windlass's own: only these subscriptions are asked when something happens.
alter table windlass.subscription add column alerts boolean not null default false;

create index subscription_alerts on windlass.subscription (number) where alerts;

-- What lasts: a problem that was found, and told where it was not muted.
create table windlass.alert (
  key       text   not null collate "C" primary key,
  type      text   not null,
  subject   text   not null,
  since     bigint not null,
  opened_at bigint not null,
  -- When it was told, and by which event; null while it is muted.
  fired_at  bigint,
  event     uuid,
  data      text   not null,
  -- Jobs which it does not end before.
  jobs      uuid[] not null
);

-- How often that was written: of two who have seen the same one writes.
create table windlass.alert_round (
  one   boolean not null primary key check (one),
  round bigint  not null
);

insert into windlass.alert_round (one, round) values (true, 0);

-- What is not told: a type, a key, or kind/ and a kind; as a person said it, or the workers' thresholds.
create table windlass.alert_mute (
  name     text    not null collate "C",
  declared boolean not null,
  muted_at bigint  not null,
  until    bigint,
  note     text,
  primary key (name, declared)
);

-- The type of an event of Windlass's own. The dot is on its own: the schema's name takes the place of what is before one.
create function windlass.own_type(the_name text) returns text language sql immutable as
$$ select 'windlass' || '.' || the_name $$;

-- The patterns of types that a subscription's definition names.
create function windlass.wanted_types(definition text) returns setof text language sql immutable as
$$
  select pattern
  from (select coalesce(definition::jsonb#>'{filter,types}', '[]') as types) as t,
       jsonb_array_elements_text(case when jsonb_array_length(t.types) = 0 then '["*"]' else t.types end) as pattern
$$;

create function windlass.wants(definition text, the_type text) returns boolean language sql immutable as
$$
  select exists (
    select from windlass.wanted_types(definition) as pattern
    where pattern in ('*', the_type)
       or right(pattern, 2) = '.*' and length(the_type) > length(pattern) - 1 and starts_with(the_type, left(pattern, -1)))
$$;

-- Whether a new or changed subscription may want some.
create function windlass.mark_alerts() returns trigger language plpgsql as
$$
begin
  new.alerts := exists (select from windlass.wanted_types(new.definition) as pattern
                        where pattern = '*' or starts_with(pattern, windlass.own_type('')));
  return new;
end
$$;

create trigger subscription_alerts before insert or update of definition on windlass.subscription
for each row execute function windlass.mark_alerts();

-- A new id of an event of Windlass's own: by version 8 and the four digits behind it the jobs that come of it are known. See
-- alert/mark.rs in the library.
create function windlass.own_id(us bigint) returns uuid language sql volatile as
$$
  select (lpad(to_hex(us / 1000), 12, '0') || '8' || substr(r, 1, 3) || 'a1e7' || substr(r, 21, 12))::uuid
  from (select replace(gen_random_uuid()::text, '-', '') as r) as random
$$;

-- Whether the root of what comes of each other is such an event.
create function windlass.is_own(root uuid) returns boolean language sql immutable as
$$ select coalesce(root::text like '______________8____a1e7-%', false) $$;

-- An id as people see it.
create function windlass.shown_id(prefix text, id uuid) returns text language sql immutable as
$$
  select prefix || '_' || string_agg(
           substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(bits, 5 * n + 1, 5)::bit(5)::integer + 1, 1), '' order by n)
  from (select '00' || ('x' || replace(id::text, '-', ''))::bit(128)::text as bits) as b, generate_series(0, 25) as n
$$;

-- Publishes an event of Windlass's own.
create function windlass.publish_own(us bigint, the_id uuid, the_type text, the_subject text, the_key text, the_data text)
returns void language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
begin
  insert into windlass.intake (id, source, type, subject, at, data, meta)
  values (the_id, '/windlass', the_type, the_subject, us, the_data,
    jsonb_build_object('extensions', jsonb_build_object('alert', the_key))::text);
  perform windlass.tell_of_events();
end
$$;

-- Tells of something that has happened, where somebody wants it and nobody has muted it.
create function windlass.tell_fact(us bigint, the_name text, about text, the_subject text, the_kind text, the_data jsonb)
returns void language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  the_key text := the_name || '/' || about;
begin
  if windlass.tells(us, the_name, the_key, the_kind) then
    perform windlass.publish_own(us, windlass.own_id(us), windlass.own_type(the_name), left(the_subject, 256), the_key,
      (the_data || jsonb_build_object('alert', the_key))::text);
  end if;
end
$$;

-- Whether something that has happened is told.
create function windlass.tells(us bigint, the_name text, the_key text, the_kind text) returns boolean language sql stable as
$$
  select exists (select from windlass.subscription s where s.alerts and windlass.wants(s.definition, windlass.own_type(the_name)))
     and not exists (select from windlass.alert_mute m
                     where m.name in (the_name, the_key, 'kind/' || the_kind) and coalesce(m.until > us, true))
$$;

-- Tells of jobs that died, except those that come of an event of Windlass's own: those would be told for ever.
create function windlass.tell_dead(us bigint, jobs uuid[], kinds text[], queues text[], attempts integer[], failures integer[],
  reasons text[], histories text[], roots uuid[]) returns void language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  told text[];
begin
  if not exists (select from windlass.subscription s where s.alerts and windlass.wants(s.definition, windlass.own_type('job.dead'))) then
    return;
  end if;
  told := array(select k.kind from (select distinct kind from unnest(kinds) as kind) as k
                where windlass.tells(us, 'job.dead', 'job.dead/' || k.kind, k.kind));
  insert into windlass.intake (id, source, type, subject, at, data, meta)
  select windlass.own_id(us), '/windlass', windlass.own_type('job.dead'), 'job/' || shown.id, us,
         jsonb_build_object('alert', 'job.dead/' || d.kind, 'job', shown.id, 'kind', d.kind, 'queue', d.queue, 'attempts', d.attempt,
           'failures', d.failures, 'reason', d.reason, 'error', d.history::jsonb -> -1 ->> 'error')::text,
         jsonb_build_object('extensions', jsonb_build_object('alert', 'job.dead/' || d.kind))::text
  from unnest(jobs, kinds, queues, attempts, failures, reasons, histories, roots) with ordinality
         as d(job, kind, queue, attempt, failures, reason, history, root, nth),
       lateral (select windlass.shown_id('job', d.job) as id) as shown
  where d.kind = any (told) and not windlass.is_own(d.root)
  order by d.nth;
  if found then
    perform windlass.tell_of_events();
  end if;
end
$$;

-- Tells of a worker that was removed since it is gone, unless it ran what came of an event of Windlass's own: that may be why.
create function windlass.tell_lost(us bigint, the_worker uuid, label text, host text, pid integer, build text) returns void
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  ran  bigint;
  owns boolean;
begin
  if not windlass.tells(us, 'worker.lost', 'worker.lost/' || label, null) then
    return;
  end if;
  select count(*), coalesce(bool_or(windlass.is_own(r.root)), false) into ran, owns
  from windlass.running_job r where r.worker = the_worker;
  if not owns then
    perform windlass.tell_fact(us, 'worker.lost', label, 'worker/' || label, null, jsonb_build_object(
      'worker', windlass.shown_id('wkr', the_worker), 'label', label, 'host', host, 'pid', pid, 'build', build, 'jobs', ran));
  end if;
end
$$;

-- Writes changes of what lasts, a JSON array of objects with do, key and what is new, and publishes their events. False where
-- somebody else has written since that round.
create function windlass.alert_at(us bigint, seen bigint, changes jsonb) returns boolean language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  change jsonb;
  tells  jsonb;
begin
  update windlass.alert_round set round = round + 1 where round = seen;
  if not found then
    return false;
  end if;
  for change in select c from jsonb_array_elements(changes) as c loop
    tells := nullif(change->'event', 'null');
    case change->>'do'
      when 'open' then
        insert into windlass.alert (key, type, subject, since, opened_at, fired_at, event, data, jobs)
        values (change->>'key', change->>'type', change->>'subject', (change->>'since')::bigint, us,
          case when tells is not null then us end, (tells->>'id')::uuid, change->>'data',
          array(select j::uuid from jsonb_array_elements_text(change->'jobs') as j))
        on conflict (key) do update
        set fired_at = excluded.fired_at, event = excluded.event, data = excluded.data, jobs = excluded.jobs
        where alert.event is null;
      when 'watch' then
        update windlass.alert set jobs = array(select j::uuid from jsonb_array_elements_text(change->'jobs') as j)
        where key = change->>'key';
      else
        delete from windlass.alert where key = change->>'key';
    end case;
    if found and tells is not null then
      perform windlass.publish_own(us, (tells->>'id')::uuid, tells->>'type', tells->>'subject', change->>'key', tells->>'data');
    end if;
  end loop;
  return true;
end
$$;

-- Mutes a name, in place of the mute that a person has set before.
create function windlass.mute_alerts_at(us bigint, the_name text, ends_at bigint, the_note text) returns void language sql volatile as
$$
  insert into windlass.alert_mute (name, declared, muted_at, until, note) values (the_name, false, us, ends_at, the_note)
  on conflict (name, declared) do update set muted_at = excluded.muted_at, until = excluded.until, note = excluded.note
$$;

-- Mutes these names as the workers say it, and no others.
create function windlass.declare_mutes_at(us bigint, names text[]) returns void language plpgsql volatile as
$$
begin
  delete from windlass.alert_mute m where m.declared and m.name <> all (names);
  insert into windlass.alert_mute (name, declared, muted_at) select distinct n, true, us from unnest(names) as n
  on conflict do nothing;
end
$$;
