-- Moves: whether what this store holds goes to another one, or comes from there. Nobody opens a store with a row of it.
create table windlass.moving (
  one      boolean not null primary key check (one),
  -- Whether its rows go there, or come from there.
  goes     boolean not null,
  other    text    not null,
  begun_at bigint  not null,
  -- When all that it held was there.
  ended_at bigint,
  -- What the leases of rows that come are made of.
  fence    uuid    not null,
  -- How far they have come: the place of their table in the list of all, and how many of it.
  place    integer not null default 0,
  rows     bigint  not null default 0
);

-- Who has a store open from which all goes elsewhere writes nothing more.
create function windlass.refuse_moving() returns trigger language plpgsql as
$$
begin
  raise exception 'windlass: what this store holds goes to another one';
end
$$;
