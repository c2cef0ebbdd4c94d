-- Tokens of the HTTP API: the digests of their secrets, and what they are good for.
create table windlass_token (
  name       text    not null primary key,
  -- SHA-256
  digest     blob    not null unique,
  hint       text    not null,
  -- As JSON: scopes, and the patterns of queues and kinds that it is limited to.
  grants     text    not null,
  created_at integer not null,
  expires_at integer
) strict, without rowid;
