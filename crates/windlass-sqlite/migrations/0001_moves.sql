-- Moves: whether what this store holds goes to another one, or comes from there. Nobody opens a store with a row of it.
create table windlass_moving (
  one      integer not null primary key check (one = 1),
  -- Whether its rows go there, or come from there.
  goes     integer not null check (goes in (0, 1)),
  other    text    not null,
  begun_at integer not null,
  -- When all that it held was there.
  ended_at integer,
  -- What the leases of rows that come are made of.
  fence    blob    not null,
  -- How far they have come: the place of their table in the list of all, and how many of it.
  place    integer not null default 0,
  rows     integer not null default 0
) strict;
