-- Gives jobs that wait to another queue, with the priority that they were written with, and notifies its idle workers.
--   $1 uuid[]  jobs · $2 text the queue · $3 text how long it waits for other transactions
-- Returns id and state of those that were moved.
with patience as materialized (select set_config('lock_timeout', $3::text, true) as setting),
moved as (
  update windlass.pending
  set queue = $2::text, priority = windlass.own_priority(priority, meta), meta = windlass.unaged(meta)
  where id = any ($1::uuid[]) and queue <> $2::text and (select setting from patience) is not null
  returning id, state
),
notified as (
  select count(pg_notify(s.channel, ''))
  from (select channel from windlass.idle where $2::text = any (queues)
        limit (select count(*) from moved where state = 2)) as s
)
select id from moved, notified
