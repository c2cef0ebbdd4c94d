with moved as (
  update windlass.pending set queue = $2::text
  where id = any ($1::uuid[]) and queue <> $2::text
  returning id, state
),
ringing as (
  select count(pg_notify(s.channel, ''))
  from (select channel from windlass.idle where $2::text = any (queues)
        limit (select count(*) from moved where state = 2)) as s
)
select id from moved, ringing
