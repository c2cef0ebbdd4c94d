-- Acts of people: who did what, what it was before and after. Each entry has the digest of the one before it.
create table windlass.audit (
  number   bigint not null primary key,
  at       bigint not null,
  actor    text   not null,
  -- By which way in: api, cli
  via      text   not null,
  -- From where: an address, a machine
  origin   text,
  action   text   not null,
  -- What it was done to
  target   text   not null,
  -- What was asked for, and what has changed, as JSON
  asked    text,
  before   text,
  after    text,
  -- SHA-256 of the entry before it, and of this one with that
  previous bytea  not null,
  digest   bytea  not null
);
create index audit_target on windlass.audit (target, number);
create index audit_at on windlass.audit (at);
-- The last entry that was removed since its time of keeping was over: the chain begins behind it.
create table windlass.audit_start (
  one    boolean not null primary key default true check (one),
  number bigint  not null,
  digest bytea   not null
);
