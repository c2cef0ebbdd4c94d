-- People who sign in, and what they may do.
create table windlass_user (
  name       text    not null primary key,
  -- The hash of it, in the PHC string format; none where a proxy alone lets them in.
  password   text,
  -- As JSON: scopes, and the patterns of queues and kinds that they are limited to.
  grants     text    not null,
  -- Grows with each change.
  revision   integer not null default 1,
  created_at integer not null
) strict, without rowid;

-- Their sessions.
create table windlass_session (
  -- SHA-256 of the secret
  digest     blob    not null primary key,
  person     text    not null,
  -- That of the person when it was started: it holds for no other.
  revision   integer not null,
  created_at integer not null,
  used_at    integer not null
) strict, without rowid;

create index windlass_session_person on windlass_session (person, created_at);
