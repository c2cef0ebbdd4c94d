-- People who sign in, and what they may do.
create table windlass.user (
  name       text   not null primary key,
  -- The hash of it, in the PHC string format; none where a proxy alone lets them in.
  password   text,
  -- As JSON: scopes, and the patterns of queues and kinds that they are limited to.
  grants     text   not null,
  -- Grows with each change.
  revision   bigint not null default 1,
  created_at bigint not null
);

-- Their sessions.
create table windlass.session (
  -- SHA-256 of the secret
  digest     bytea  not null primary key,
  person     text   not null references windlass.user on delete cascade,
  -- That of the person when it was started: it holds for no other.
  revision   bigint not null,
  created_at bigint not null,
  used_at    bigint not null
);

create index session_person on windlass.session (person, created_at);
