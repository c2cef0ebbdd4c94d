-- Requests that may come twice: their keys, and what was answered.
create table windlass_request_key (
  -- SHA-256 of the key, of who gave it and for what
  key          blob    not null primary key,
  -- SHA-256 of what is asked for
  asked        blob    not null,
  -- What the ids are made of that the request needs
  seed         blob    not null,
  began_at     integer not null,
  -- Which coming of it is carried out, and until when that is taken to live.
  holder       blob    not null,
  held_until   integer not null,
  -- The answer, once there is one
  status       integer,
  content_type text,
  body         blob
) strict, without rowid;
create index windlass_request_key_age on windlass_request_key (began_at);
