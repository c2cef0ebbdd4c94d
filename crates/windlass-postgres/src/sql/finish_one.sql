with clock as (select windlass.now_us() as now),
-- The fence, and from here to the end of the transaction the lease is held: a rescue and the
-- settlements of its other jobs pass it by until then.
held as (
  update windlass.lease
  set settled = set_bit(settled, ($3::int2 - 1)::int4, 1), unsettled = unsettled - 1
  where id = $1::text::uuid and worker = $2::text::uuid and get_bit(settled, ($3::int2 - 1)::int4) = 0
  returning id
),
done as (
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, worker, output, root, parent, origin, meta, history)
  select $4::text::uuid, $5::int8, $6::int8, null, now, now + $7::int8, $8::int8::int4, $9::int8::int4, 5, $10::int2,
         $11::int2, $12::int2, $13::int2, $14::text, $15::text, $16::text, $17::text, $18::text, $19::text::uuid,
         $20::text::uuid, $21::text, $22::text, $23::text
  from held, clock
  returning queue, prune_at
),
counted as (
  insert into windlass.tally (queue, state, shelf, jobs) select queue, 5, (prune_at / 86400000000)::int4, 1 from done
)
select count(*) from done
