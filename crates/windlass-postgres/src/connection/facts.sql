-- What the server says about itself. No parameters. Returns version, bytes, now, durability, age and
-- owner of the oldest snapshot, bytes of the write-ahead log so far.
select current_setting('server_version'),
       (select sum(pg_total_relation_size(c.oid))::int8 from pg_class c
        where c.relkind = 'r' and c.relnamespace =
          (select relnamespace from pg_class where oid = 'windlass.pending'::regclass)),
       windlass.now_us(),
       'fsync=' || current_setting('fsync') || ', synchronous_commit=' || current_setting('synchronous_commit'),
       s.age, s.whose,
       pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, '0/0')::int8
from (select 1) as one left join lateral (
  select (extract(epoch from clock_timestamp() - a.xact_start) * 1000000)::int8 as age,
         'process ' || a.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '') as whose
  from pg_stat_activity a
  where a.backend_xmin is not null and a.pid <> pg_backend_pid() and a.xact_start is not null
  order by age(a.backend_xmin) desc limit 1
) as s on true
