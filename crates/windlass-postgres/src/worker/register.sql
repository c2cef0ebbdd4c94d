-- Registers a worker, and makes parked jobs available that it knows. Returns the minimum builds: their programs, versions
-- and notes.
--   $1 int8    now; null is the database's clock · $2 uuid the worker
--   $3 int8    the key of its session lock, null where it has none · $4 text label · $5 text host
--   $6 int4    process id · $7 text build · $8 text[] queues · $9 text[] handlers as kind@version
--   $10 int4   slots · $11 int8 how long its lease lasts, in microseconds
--   $12 text[] kinds with limits of their own · $13 int4[] of failures · $14 int4[] of losses, null where it is the default
--   $15 text[] kinds that say how long their jobs are expected to run · $16 int8[] these times, in microseconds
--   $17 bool   whether it lives with its lease alone
--   $18 text   how many of a kind it runs at once, as a JSON object; null where no kind says so
-- State 0 is waiting (parked), 2 available.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
registered as (
  insert into windlass.worker
    (id, guard, label, host, pid, build, queues, handlers, slots, started_at, seen_at, expires_at, remote, kind_slots)
  select $2::uuid, $3::int8, $4::text, $5::text, $6::int4, $7::text, $8::text[], $9::text[], $10::int4, now, now,
         now + $11::int8, $17::bool, $18::text
  from clock
  on conflict (id) do update set seen_at = excluded.seen_at, expires_at = excluded.expires_at
),
limited as (
  insert into windlass.kind_limit (worker, kind, max_attempts, max_losses)
  select $2::uuid, l.* from unnest($12::text[], $13::int4[], $14::int4[]) as l(kind, max_attempts, max_losses)
  on conflict (worker, kind) do nothing
),
-- What somebody has locked is tidied up later.
unparked as (
  update windlass.pending p set state = 2, reason = null
  where p.state = 0 and p.ctid = any (array(
    select w.ctid
    from (select split_part(h, '@', 1) as kind, split_part(h, '@', 2)::int2 as version from unnest($9::text[]) as h) as known
    join windlass.pending w on w.state = 0 and w.kind = known.kind and w.version = known.version
    where not exists (select from windlass.paused_kind k where k.kind = known.kind)
    for update of w skip locked))
),
expecting as (
  insert into windlass.expected_run (worker, kind, us)
  select $2::uuid, e.kind, e.us from unnest($15::text[], $16::int8[]) as e(kind, us)
  on conflict (worker, kind) do nothing
)
select array_agg(program order by program), array_agg(version order by program), array_agg(note order by program)
from windlass.minimum_build
