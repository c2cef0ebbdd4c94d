-- Requests that may come twice: their keys, and what was answered.
create table windlass.request_key (
  -- SHA-256 of the key, of who gave it and for what
  key          bytea    not null primary key,
  -- SHA-256 of what is asked for
  asked        bytea    not null,
  -- What the ids are made of that the request needs
  seed         uuid     not null,
  began_at     bigint   not null,
  -- Which coming of it is carried out, and until when that is taken to live.
  holder       uuid     not null,
  held_until   bigint   not null,
  -- The answer, once there is one
  status       smallint,
  content_type text,
  body         bytea
);
create index request_key_age on windlass.request_key (began_at);
