with clock as (select coalesce($1::int8, windlass.now_us()) as now),
known as (
  insert into windlass.worker
    (id, guard, label, host, pid, build, queues, handlers, slots, started_at, seen_at, expires_at)
  select $2::uuid, $3::int8, $4::text, $5::text, $6::int4, $7::text, $8::text[], $9::text[], $10::int4, now, now,
         now + $11::int8
  from clock
  on conflict (id) do update set seen_at = excluded.seen_at, expires_at = excluded.expires_at
)
-- What was parked for want of this worker comes back.
update windlass.pending set state = 2, reason = null
where state = 0 and kind || '@' || version = any ($9::text[])
