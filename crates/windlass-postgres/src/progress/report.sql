-- Writes what running attempts say of themselves, of each only while its lease holds.
--   $1 int8    now; null is the database's clock
--   $2 uuid[]  leases · $3 uuid[] workers · $4 int2[] places in the leases, from 1
--   $5 uuid[]  jobs · $6 int8[] when they were written · $7 int4[] attempts · $8 text[] checkpoints, null where there is none
--   $9 int8[]  numbers of the accounts of progress, null where there is none
--   $10 float8[] percent · $11 text[] note · $12 int8[] done · $13 int8[] total
--   $14 int4[] log lines: of which attempt above, from 1 · $15 int4[] their numbers · $16 int8[] how many microseconds ago
--   $17 int2[] levels · $18 text[] texts
-- Returns for each attempt, in their order: 0 where it wrote, 1 where the lease is lost, 2 where somebody else has it locked.
with clock as (select coalesce($1::int8, windlass.now_us()) as now),
held as materialized (select h.nth from windlass.hold($2::uuid[], $3::uuid[], $4::int2[]) as h(nth)),
attempts as (
  select a.*
  from unnest($5::uuid[], $6::int8[], $7::int4[], $8::text[], $9::int8[], $10::float8[], $11::text[], $12::int8[], $13::int8[])
       with ordinality as a(job, created_at, attempt, checkpoint, account, percent, note, done, total, nth)
  join held on held.nth = a.nth
),
told as (
  insert into windlass.progress as p
    (job, checkpoint, checkpoint_at, attempt, account, percent, note, done, total, at, created_at)
  select job, checkpoint, case when checkpoint is not null then clock.now end, case when account is not null then attempt end,
         account, percent, note, done, total, case when account is not null then clock.now end, created_at
  from attempts, clock where checkpoint is not null or account is not null
  -- What is there of a job that had the id before is not kept.
  on conflict (job) do update
  set (checkpoint, checkpoint_at) =
        (select case when n.is_newer then excluded.checkpoint else p.checkpoint end,
                case when n.is_newer then excluded.checkpoint_at else p.checkpoint_at end
         from (select excluded.checkpoint is not null or p.created_at <> excluded.created_at as is_newer) as n),
      (attempt, account, percent, note, done, total, at) =
        (select case when n.is_newer then excluded.attempt else p.attempt end,
                case when n.is_newer then excluded.account else p.account end,
                case when n.is_newer then excluded.percent else p.percent end,
                case when n.is_newer then excluded.note else p.note end,
                case when n.is_newer then excluded.done else p.done end,
                case when n.is_newer then excluded.total else p.total end,
                case when n.is_newer then excluded.at else p.at end
         from (select p.created_at <> excluded.created_at
                   or excluded.account is not null
                      and (p.account is null or (excluded.attempt, excluded.account) > (p.attempt, p.account)) as is_newer) as n),
      created_at = excluded.created_at
),
said as (
  insert into windlass.log_line (job, attempt, nth, at, level, text)
  select a.job, a.attempt, l.nth, clock.now - l.age, l.level, l.text
  from clock, unnest($14::int4[], $15::int4[], $16::int8[], $17::int2[], $18::text[]) as l(of_attempt, nth, age, level, text)
  join attempts a on a.nth = l.of_attempt
  on conflict (job, attempt, nth) do update set at = excluded.at, level = excluded.level, text = excluded.text
)
select case when held.nth is not null then 0 else windlass.not_held(a.lease, a.worker, a.place) end
from unnest($2::uuid[], $3::uuid[], $4::int2[]) with ordinality as a(lease, worker, place, nth)
left join held on held.nth = a.nth
order by a.nth
