-- Stats: what jobs did over time. Who runs attempts writes parts, the leader makes rows of them.

-- What somebody has counted and the leader has not folded.
create table windlass.stats_part (
  id   uuid   not null primary key,
  at   bigint not null,
  body text   not null
);

-- What jobs of a queue and a kind did in so many seconds from a moment on. Times are counted by size: a JSON object of the
-- microseconds that each class is told as, with how many are in it.
create table windlass.stats_row (
  resolution integer not null check (resolution in (10, 60, 3600)),
  start_at   bigint  not null,
  queue      text    not null collate "C",
  kind       text    not null collate "C",
  enqueued   bigint  not null,
  started    bigint  not null,
  died       bigint  not null,
  ok         bigint  not null,
  error      bigint  not null,
  timeout    bigint  not null,
  panic      bigint  not null,
  lost       bigint  not null,
  released   bigint  not null,
  snoozed    bigint  not null,
  cancelled  bigint  not null,
  expired    bigint  not null,
  discarded  bigint  not null,
  wait       text    not null,
  run        text    not null,
  primary key (resolution, start_at, queue, kind)
);

-- The longest that a queue was in that time, as it was looked at.
create table windlass.stats_queue (
  resolution integer not null check (resolution in (10, 60, 3600)),
  start_at   bigint  not null,
  queue      text    not null collate "C",
  available  bigint  not null,
  running    bigint  not null,
  oldest     bigint  not null,
  primary key (resolution, start_at, queue)
);

-- How often was folded: of two who have seen the same one writes.
create table windlass.stats_round (
  one   boolean not null primary key check (one),
  round bigint  not null
);

insert into windlass.stats_round (one, round) values (true, 0);

-- Writes rows in place of those that there are, and takes the parts away that are in them: JSON arrays of objects with the columns
-- of the tables. What begins before those moments goes, as much as one round does. False where another has folded since that round.
create function windlass.fold_stats_at(seen bigint, the_parts uuid[], the_rows jsonb, the_depths jsonb, resolutions integer[],
  before bigint[], most integer) returns boolean language plpgsql volatile
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as
$$
declare
  nth integer;
begin
  update windlass.stats_round set round = round + 1 where round = seen;
  if not found then
    return false;
  end if;
  delete from windlass.stats_part where id = any (the_parts);
  insert into windlass.stats_row
  select r.* from jsonb_populate_recordset(null::windlass.stats_row, the_rows) as r
  on conflict (resolution, start_at, queue, kind) do update
  set enqueued = excluded.enqueued, started = excluded.started, died = excluded.died, ok = excluded.ok, error = excluded.error,
      timeout = excluded.timeout, panic = excluded.panic, lost = excluded.lost, released = excluded.released,
      snoozed = excluded.snoozed, cancelled = excluded.cancelled, expired = excluded.expired, discarded = excluded.discarded,
      wait = excluded.wait, run = excluded.run;
  insert into windlass.stats_queue as q
  select r.* from jsonb_populate_recordset(null::windlass.stats_queue, the_depths) as r
  on conflict (resolution, start_at, queue) do update
  set available = greatest(q.available, excluded.available), running = greatest(q.running, excluded.running),
      oldest = greatest(q.oldest, excluded.oldest);
  for nth in 1 .. cardinality(resolutions) loop
    delete from windlass.stats_row where ctid = any (array(
      select ctid from windlass.stats_row where resolution = resolutions[nth] and start_at < before[nth] limit most));
    delete from windlass.stats_queue where ctid = any (array(
      select ctid from windlass.stats_queue where resolution = resolutions[nth] and start_at < before[nth] limit most));
  end loop;
  return true;
end
$$;

-- The milliseconds that this part of all times is not longer than, from 0 to 1: see docs/stats.md.
create function windlass.stats_quantile(times text, part double precision) returns double precision language sql immutable as
$$
  select us / 1000.0
  from (select t.key::bigint as us, sum(t.value::bigint) over (order by t.key::bigint) as upto, sum(t.value::bigint) over () as total
        from json_each_text(times::json) as t) as seen
  where upto > part * (total - 1) order by us limit 1
$$;

-- What jobs did over time, for people and tools: see docs/sql.md.
create view windlass.stats as
select windlass.moment(start_at) as start_at, resolution as seconds, queue, kind, enqueued, started, ok, error, timeout, panic, lost,
       released, snoozed, cancelled, expired, discarded, died,
       windlass.stats_quantile(wait, 0.5) as wait_p50_ms, windlass.stats_quantile(wait, 0.95) as wait_p95_ms,
       windlass.stats_quantile(wait, 0.99) as wait_p99_ms, windlass.stats_quantile(run, 0.5) as run_p50_ms,
       windlass.stats_quantile(run, 0.95) as run_p95_ms, windlass.stats_quantile(run, 0.99) as run_p99_ms, wait, run
from windlass.stats_row;

-- How long queues were.
create view windlass.stats_depth as
select windlass.moment(start_at) as start_at, resolution as seconds, queue, available, running,
       (oldest / 1000.0)::double precision as oldest_ms
from windlass.stats_queue;
