with clock as (select windlass.now_us() as now),
written as (
  insert into windlass.pending
    (id, run_at, created_at, state, version, priority, max_attempts, queue, kind, args, root, parent, origin, meta)
  select $1::text::uuid, due.at, now, case when due.at > now then 1 else 2 end, $4::int2, $5::int2, $6::int2, $2::text,
         $3::text, $9::text, $10::text::uuid, $11::text::uuid, $12::text, $13::text
  from clock, lateral (select coalesce($7::int8, now + $8::int8) as at) as due
  returning state
)
select 1::int8,
       (select count(pg_notify(s.channel, ''))
        from (select channel from windlass.idle where $2::text = any (queues) limit 1) as s
        where exists (select from written where state = 2))
