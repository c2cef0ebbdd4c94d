-- Tokens of the HTTP API: the digests of their secrets, and what they are good for.
create table windlass.token (
  name       text   not null primary key,
  -- SHA-256
  digest     bytea  not null unique,
  hint       text   not null,
  -- As JSON: scopes, and the patterns of queues and kinds that it is limited to.
  grants     text   not null,
  created_at bigint not null,
  expires_at bigint
);
