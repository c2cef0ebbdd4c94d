-- Sources: where events come from that somebody else keeps.

create table windlass.source (
  name        text    not null primary key collate "C",
  -- What is read there and how, as JSON.
  about       text    not null,
  -- 'running', 'paused' or 'stopped', why, and since when.
  state       text    not null default 'running',
  reason      text,
  changed_at  bigint  not null,
  -- How far it was read: what the feed is asked with, the last record's number, and how often the feed has begun again.
  cursor      text,
  number      bigint,
  generation  integer not null default 0,
  -- Where one that has stopped goes on.
  then_cursor     text,
  then_number     bigint,
  then_generation integer,
  -- From this number on records are not believed in that lie above the feed's head: it was reset since it ended before that.
  disowned    bigint,
  -- Rises with each holder and each reset. What was read in an earlier one is not written.
  epoch       bigint  not null default 0,
  holder      text,
  -- Until when, and for how long: one that is to begin later than now by more than it lasts is none, the clock was set back.
  held_until  bigint  not null default 0,
  held_for    bigint  not null default 0,
  head        bigint,
  imported    bigint  not null default 0,
  repeated    bigint  not null default 0,
  dropped     bigint  not null default 0,
  imported_at bigint,
  polled_at   bigint,
  next_at     bigint,
  error       text,
  error_at    bigint,
  failures    integer not null default 0
) with (fillfactor = 50);

-- What feeds have lost.
create table windlass.source_gap (
  nth         bigint generated always as identity primary key,
  source      text   not null collate "C",
  -- The event that tells of it.
  event       uuid   not null,
  why         text   not null,
  from_number bigint,
  to_number   bigint,
  cursor      text,
  answer      text   not null,
  at          bigint not null,
  closed_at   bigint
);

create index source_gap_of on windlass.source_gap (source, nth);

-- Records of feeds that were put aside.
create table windlass.quarantine (
  nth        bigint  generated always as identity primary key,
  source     text    not null collate "C",
  number     bigint,
  generation integer not null,
  reason     text    not null,
  body       text    not null,
  is_cut     boolean not null,
  at         bigint  not null,
  -- Made of the number and the body.
  digest     bigint  not null
);

create index quarantine_of on windlass.quarantine (source, nth);
create index quarantine_digest on windlass.quarantine (source, digest);

-- Publishes what a page has, keeps what could not be read and what is lacking, and moves the source on. Returns how many of its
-- events were not there before; null where the source is not as it was seen: nothing was written then. Who holds a source, resets or
-- pauses it waits for this, and the other way round.
create function windlass.import_page(us bigint, page json, quarantine_kept integer, gaps_kept integer,
  ids uuid[], sources text[], givens text[], types text[], subjects text[], moments bigint[], datas text[], roots uuid[],
  parents uuid[], metas text[]) returns bigint language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  here  windlass.source;
  came  bigint := 0;
  added bigint := 0;
  gone  bigint := 0;
begin
  select * into here from windlass.source s where s.name = page->>'name' for update;
  if here.name is null or here.state <> 'running' or here.epoch <> (page->>'epoch')::bigint
     or here.cursor is distinct from (page->>'cursor') or here.number is distinct from (page->>'number')::bigint
     or here.generation <> (page->>'generation')::integer then
    return null;
  end if;
  if cardinality(ids) > 0 then
    select count(*) into came
    from windlass.publish_all(us, ids, sources, givens, types, subjects, moments, datas, roots, parents, metas)
           with ordinality as p(id, nth)
    where p.id = ids[p.nth];
  end if;
  if json_array_length(page->'quarantined') > 0 then
    insert into windlass.quarantine (source, number, generation, reason, body, is_cut, at, digest)
    select here.name, (q.one->>'number')::bigint, here.generation, q.one->>'reason', q.one->>'body', (q.one->>'is_cut')::boolean, us,
           (q.one->>'digest')::bigint
    from json_array_elements(page->'quarantined') with ordinality as q(one, nth)
    where not exists (select from windlass.quarantine k
                      where k.source = here.name and k.digest = (q.one->>'digest')::bigint and k.body = q.one->>'body')
    order by q.nth;
    delete from windlass.quarantine k
    where k.source = here.name and k.nth <= (select o.nth from windlass.quarantine o where o.source = here.name
                                             order by o.nth desc offset quarantine_kept limit 1);
    get diagnostics gone = row_count;
  end if;
  if json_array_length(page->'gaps') > 0 then
    insert into windlass.source_gap (source, event, why, from_number, to_number, cursor, answer, at, closed_at)
    select here.name, (g.one->>'event')::uuid, g.one->>'why', (g.one->>'from')::bigint, (g.one->>'to')::bigint, g.one->>'cursor',
           g.one->>'answer', us, case when g.one->>'answer' = 'skip' then us end
    from json_array_elements(page->'gaps') with ordinality as g(one, nth)
    order by g.nth;
    delete from windlass.source_gap k
    where k.source = here.name and k.nth <= (select o.nth from windlass.source_gap o where o.source = here.name
                                             order by o.nth desc offset gaps_kept limit 1);
  end if;
  update windlass.source set
    cursor = page->>'to_cursor', number = (page->>'to_number')::bigint, generation = (page->>'to_generation')::integer,
    head = coalesce((page->>'head')::bigint, head), imported = imported + came,
    repeated = repeated + (page->>'repeated')::bigint + coalesce(cardinality(ids), 0) - came, dropped = dropped + gone,
    imported_at = us, polled_at = us, error = null, failures = 0,
    state = case when page->>'stop' is null then state else 'stopped' end,
    reason = case when page->>'stop' is null then reason else page->>'stop' end,
    changed_at = case when page->>'stop' is null then changed_at else us end,
    then_cursor = page->>'then_cursor', then_number = (page->>'then_number')::bigint,
    then_generation = (page->>'then_generation')::integer, disowned = (page->>'disowned')::bigint
  where name = here.name;
  return came;
end
$$;

-- Publishes what records that were put aside are now, and removes them. Returns which were there still.
create function windlass.release_quarantined(us bigint, the_source text, nths bigint[], ids uuid[], sources text[], givens text[],
  types text[], subjects text[], moments bigint[], datas text[], roots uuid[], parents uuid[], metas text[]) returns bigint[]
language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  gone bigint[];
begin
  with deleted as (
    delete from windlass.quarantine k where k.nth = any (nths) and k.source = the_source returning k.nth
  )
  select coalesce(array_agg(d.nth), '{}') into gone from deleted d;
  perform windlass.publish_all(us, p.ids, p.sources, p.givens, p.types, p.subjects, p.moments, p.datas, p.roots, p.parents, p.metas)
  from (select array_agg(t.id order by t.n) as ids, array_agg(t.source order by t.n) as sources, array_agg(t.given order by t.n) as givens,
               array_agg(t.type order by t.n) as types, array_agg(t.subject order by t.n) as subjects,
               array_agg(t.at order by t.n) as moments, array_agg(t.data order by t.n) as datas, array_agg(t.root order by t.n) as roots,
               array_agg(t.parent order by t.n) as parents, array_agg(t.meta order by t.n) as metas
        from unnest(nths, ids, sources, givens, types, subjects, moments, datas, roots, parents, metas) with ordinality
          as t(nth, id, source, given, type, subject, at, data, root, parent, meta, n)
        where t.id is not null and t.nth = any (gone)) as p
  where p.ids is not null;
  update windlass.source s set imported = s.imported + (select count(*) from unnest(nths, ids) as t(nth, id)
                                                        where t.id is not null and t.nth = any (gone))
  where s.name = the_source and cardinality(gone) > 0;
  return gone;
end
$$;
