-- Events: what was published, in the order in which it was committed.

-- Positions are dense: there is one writer, and what is rolled back takes its number back with it.
create table windlass_event (
  position    integer primary key,
  id          blob    not null unique,
  source      text    not null,
  -- The id that its source gave it.
  given       text,
  type        text    not null,
  subject     text,
  at          integer not null,
  recorded_at integer not null,
  data        text,
  root        blob,
  parent      blob,
  meta        text
) strict;

create unique index windlass_event_given on windlass_event (source, given) where given is not null;

-- How far the log reaches. One row; the epoch changes where the log is not the one that it was.
create table windlass_log (
  one      integer not null primary key check (one = 1),
  epoch    integer not null,
  last     integer not null,
  -- The last position that the subscriptions which are live were fed, and how often one was changed.
  routed   integer not null,
  revision integer not null
) strict;

insert into windlass_log (one, epoch, last, routed, revision) values (1, 1, 0, 0, 0);

-- Subscriptions: which events become which jobs.
create table windlass_subscription (
  number     integer primary key autoincrement,
  name       text    not null unique,
  definition text    not null,
  -- It wants events behind this position.
  after      integer not null,
  -- The last position that it was fed, where that is not the one of all that are live.
  position   integer,
  paused_at  integer,
  created_at integer not null
) strict;
