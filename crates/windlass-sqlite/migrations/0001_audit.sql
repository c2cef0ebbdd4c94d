-- Acts of people: who did what, what it was before and after. Each entry has the digest of the one before it.
create table windlass_audit (
  number   integer not null primary key,
  at       integer not null,
  actor    text    not null,
  -- By which way in: api, cli
  via      text    not null,
  -- From where: an address, a machine
  origin   text,
  action   text    not null,
  -- What it was done to
  target   text    not null,
  -- What was asked for, and what has changed, as JSON
  asked    text,
  before   text,
  after    text,
  -- SHA-256 of the entry before it, and of this one with that
  previous blob    not null,
  digest   blob    not null
) strict;
create index windlass_audit_target on windlass_audit (target, number);
create index windlass_audit_at on windlass_audit (at);
-- The last entry that was removed since its time of keeping was over: the chain begins behind it.
create table windlass_audit_start (
  one    integer not null primary key check (one = 1),
  number integer not null,
  digest blob    not null
) strict;
