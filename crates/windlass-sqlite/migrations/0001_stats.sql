-- Stats: what jobs did over time. Who runs attempts writes parts, the leader makes rows of them.

-- What somebody has counted and the leader has not folded.
create table windlass_stats_part (
  id   blob    not null primary key,
  at   integer not null,
  body text    not null
) strict;

-- What jobs of a queue and a kind did in so many seconds from a moment on. Times are counted by size: a JSON object of the
-- microseconds that each class is told as, with how many are in it.
create table windlass_stats_row (
  resolution integer not null check (resolution in (10, 60, 3600)),
  start_at   integer not null,
  queue      text    not null,
  kind       text    not null,
  enqueued   integer not null,
  started    integer not null,
  died       integer not null,
  ok         integer not null,
  error      integer not null,
  timeout    integer not null,
  panic      integer not null,
  lost       integer not null,
  released   integer not null,
  snoozed    integer not null,
  cancelled  integer not null,
  expired    integer not null,
  discarded  integer not null,
  wait       text    not null,
  run        text    not null,
  primary key (resolution, start_at, queue, kind)
) strict, without rowid;

-- The longest that a queue was in that time, as it was looked at.
create table windlass_stats_queue (
  resolution integer not null check (resolution in (10, 60, 3600)),
  start_at   integer not null,
  queue      text    not null,
  available  integer not null,
  running    integer not null,
  oldest     integer not null,
  primary key (resolution, start_at, queue)
) strict, without rowid;

-- How often was folded: of two who have seen the same one writes.
create table windlass_stats_round (
  one   integer not null primary key check (one = 1),
  round integer not null
) strict;

insert into windlass_stats_round (one, round) values (1, 0);

-- What jobs did over time, for people and tools: see docs/sql.md.
create view windlass_stats as
select start_at, resolution as seconds, queue, kind, enqueued, started, ok, error, timeout, panic, lost, released, snoozed, cancelled,
       expired, discarded, died,
       (select us from (select cast(key as integer) as us, sum(value) over (order by cast(key as integer)) as upto,
          sum(value) over () as total from json_each(wait)) where upto > 0.5 * (total - 1) order by us limit 1) / 1000.0 as wait_p50_ms,
       (select us from (select cast(key as integer) as us, sum(value) over (order by cast(key as integer)) as upto,
          sum(value) over () as total from json_each(wait)) where upto > 0.95 * (total - 1) order by us limit 1) / 1000.0 as wait_p95_ms,
       (select us from (select cast(key as integer) as us, sum(value) over (order by cast(key as integer)) as upto,
          sum(value) over () as total from json_each(wait)) where upto > 0.99 * (total - 1) order by us limit 1) / 1000.0 as wait_p99_ms,
       (select us from (select cast(key as integer) as us, sum(value) over (order by cast(key as integer)) as upto,
          sum(value) over () as total from json_each(run)) where upto > 0.5 * (total - 1) order by us limit 1) / 1000.0 as run_p50_ms,
       (select us from (select cast(key as integer) as us, sum(value) over (order by cast(key as integer)) as upto,
          sum(value) over () as total from json_each(run)) where upto > 0.95 * (total - 1) order by us limit 1) / 1000.0 as run_p95_ms,
       (select us from (select cast(key as integer) as us, sum(value) over (order by cast(key as integer)) as upto,
          sum(value) over () as total from json_each(run)) where upto > 0.99 * (total - 1) order by us limit 1) / 1000.0 as run_p99_ms,
       wait, run
from windlass_stats_row;

-- How long queues were.
create view windlass_stats_depth as
select start_at, resolution as seconds, queue, available, running, oldest / 1000.0 as oldest_ms
from windlass_stats_queue;
