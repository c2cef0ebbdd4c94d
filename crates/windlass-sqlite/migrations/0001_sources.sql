-- Sources: where events come from that somebody else keeps.

create table windlass_source (
  name        text    not null primary key,
  -- What is read there and how, as JSON.
  about       text    not null,
  -- 'running', 'paused' or 'stopped', why, and since when.
  state       text    not null default 'running',
  reason      text,
  changed_at  integer not null,
  -- How far it was read: what the feed is asked with, the last record's number, and how often the feed has begun again.
  cursor      text,
  number      integer,
  generation  integer not null default 0,
  -- Where one that has stopped goes on.
  then_cursor     text,
  then_number     integer,
  then_generation integer,
  -- From this number on records are not believed in that lie above the feed's head: it was reset since it ended before that.
  disowned    integer,
  -- Rises with each holder and each reset. What was read in an earlier one is not written.
  epoch       integer not null default 0,
  holder      text,
  -- Until when, and for how long: one that is to begin later than now by more than it lasts is none, the clock was set back.
  held_until  integer not null default 0,
  held_for    integer not null default 0,
  head        integer,
  imported    integer not null default 0,
  repeated    integer not null default 0,
  dropped     integer not null default 0,
  imported_at integer,
  polled_at   integer,
  next_at     integer,
  error       text,
  error_at    integer,
  failures    integer not null default 0
) strict;

-- What feeds have lost.
create table windlass_source_gap (
  nth         integer primary key autoincrement,
  source      text    not null,
  -- The event that tells of it.
  event       blob    not null,
  why         text    not null,
  from_number integer,
  to_number   integer,
  cursor      text,
  answer      text    not null,
  at          integer not null,
  closed_at   integer
) strict;

create index windlass_source_gap_of on windlass_source_gap (source, nth);

-- Records of feeds that were put aside.
create table windlass_quarantine (
  nth        integer primary key autoincrement,
  source     text    not null,
  number     integer,
  generation integer not null,
  reason     text    not null,
  body       text    not null,
  is_cut     integer not null,
  at         integer not null,
  -- Made of the number and the body.
  digest     integer not null
) strict;

create index windlass_quarantine_of on windlass_quarantine (source, nth);
create index windlass_quarantine_digest on windlass_quarantine (source, digest);
