-- Lines: jobs that a lane, a limit or a turn may keep from a worker stand in line, and are claimed by a claim of their own,
-- one at a time, so that what it counts stays as it counted it.

-- Limits that were set for queues, kinds and names of keys. scope: 0 queue · 1 kind · 2 key. origin: 0 code · 1 config
-- · 2 person. running: so many at once; tokens: so many in a time, and so many at once at most; broken: open for a time
-- after so many failures within one.
create table windlass.limit_rule (
  scope         smallint not null check (scope between 0 and 2),
  name          text     not null,
  running       integer  check (running > 0),
  tokens        integer  check (tokens > 0),
  tokens_per    bigint   check (tokens_per > 0),
  tokens_burst  integer  check (tokens_burst > 0),
  broken_after  integer  check (broken_after > 0),
  broken_within bigint   check (broken_within > 0),
  broken_for    bigint   check (broken_for > 0),
  origin        smallint not null check (origin between 0 and 2),
  note          text,
  set_at        bigint   not null,
  primary key (scope, name),
  check ((tokens is null) = (tokens_per is null) and (tokens is null) = (tokens_burst is null)),
  check ((broken_after is null) = (broken_within is null) and (broken_after is null) = (broken_for is null))
);

-- Which running job has passed which gate. It counts for as long as the job's place in its lease is unsettled: what is
-- left behind by whatever road is not counted, and goes when tidying. A gate is a lane (its line), or y, the name of a
-- limit and a key, or k and a kind, or q and a queue. blocks: it counts too while the job is dead.
create table windlass.permit (
  gate   text     collate "C" not null,
  job    uuid     not null,
  lease  uuid     not null,
  place  smallint not null,
  blocks boolean  not null,
  primary key (gate, job)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);

create index permit_job on windlass.permit (job);

-- What is left of a rate, at a moment.
create table windlass.bucket (
  gate   text   collate "C" not null primary key,
  tokens double precision not null,
  at     bigint not null
) with (fillfactor = 50);

-- Failures that a breaker counts, and the breakers that are open.
create table windlass.failure (
  gate text   collate "C" not null,
  at   bigint not null
);

create index failure_gate on windlass.failure (gate, at);

create table windlass.breaker (
  gate      text   collate "C" not null primary key,
  opened_at bigint not null,
  probe     uuid,
  probed_at bigint
);

-- The line of each queue that had its turn last.
create unlogged table windlass.line_cursor (
  queue text not null primary key,
  line  text not null
) with (fillfactor = 50);

-- Lets one claim at a time to the lines; false where its turn did not come within the patience.
create function windlass.take_lines(patience text) returns boolean language plpgsql volatile as
$$
begin
  if pg_try_advisory_xact_lock(hashtext('windlass.lines'), 0) then
    return true;
  end if;
  perform set_config('lock_timeout', patience, true);
  perform pg_advisory_xact_lock(hashtext('windlass.lines'), 0);
  return true;
exception when lock_not_available then
  return false;
end
$$;

-- How many of a gate's permits count: those of jobs that run, and of those that are just being claimed.
create function windlass.count_running(the_gate text, the_lease uuid) returns bigint language sql stable as
$$
  select count(*) from windlass.permit m
  where m.gate = the_gate
    and (m.lease = the_lease
         or exists (select from windlass.lease l where l.id = m.lease and get_bit(l.settled, m.place - 1) = 0))
$$;

-- What a gate lets through now: jobs, and tokens of its rate; null where it has no such limit.
create type windlass.opening as (room integer, tokens double precision);

create function windlass.open_gate(the_gate text, rule windlass.limit_rule, us bigint, the_lease uuid)
returns windlass.opening language plpgsql volatile as
$$
declare
  opened windlass.opening;
  held windlass.breaker;
  ran  bigint;
begin
  if rule.set_at > us - 5000000 then
    -- A claim of jobs without a line may have been under way when the limit was set.
    perform windlass.count_in(rule);
  end if;
  if rule.running is not null then
    select count(*) into ran from windlass.permit m where m.gate = the_gate;
    if ran >= rule.running then
      ran := windlass.count_running(the_gate, the_lease);
    end if;
    opened.room := greatest(rule.running - ran, 0);
  end if;
  if rule.tokens is not null then
    select least(rule.tokens_burst, b.tokens + greatest(us - b.at, 0)::float8 * rule.tokens / rule.tokens_per) into opened.tokens
    from windlass.bucket b where b.gate = the_gate;
    opened.tokens := coalesce(opened.tokens, rule.tokens_burst);
  end if;
  if rule.broken_after is null then
    return opened;
  end if;
  select * into held from windlass.breaker b where b.gate = the_gate;
  if not found then
    select count(*) into ran
    from (select from windlass.failure f where f.gate = the_gate and f.at > us - rule.broken_within limit rule.broken_after) as f;
    if ran >= rule.broken_after then
      insert into windlass.breaker (gate, opened_at) values (the_gate, us);
      opened.room := 0;
    end if;
  elsif us < held.opened_at + rule.broken_for then
    opened.room := 0;
  elsif held.probe is null then
    opened.room := least(coalesce(opened.room, 1), 1);
  elsif exists (select from windlass.permit m left join windlass.lease l on l.id = m.lease
                where m.gate = the_gate and m.job = held.probe and (m.lease = the_lease or get_bit(l.settled, m.place - 1) = 0)) then
    opened.room := 0;
  elsif exists (select from windlass.failure f where f.gate = the_gate and f.at >= held.probed_at) then
    update windlass.breaker b set opened_at = us, probe = null, probed_at = null where b.gate = the_gate;
    opened.room := 0;
  else
    delete from windlass.breaker b where b.gate = the_gate;
    delete from windlass.failure f where f.gate = the_gate;
  end if;
  return opened;
end
$$;

-- Gives jobs at the front of a queue a place in line, where a limit was set for the queue or their kind.
create function windlass.stand_in_line(the_queue text) returns void language plpgsql volatile as
$$
declare
  kinds text[];
  whole boolean := exists (select from windlass.limit_rule where scope = 0 and name = the_queue);
begin
  select coalesce(array_agg(name), '{}') into kinds from windlass.limit_rule where scope = 1;
  if not whole and kinds = '{}' then
    return;
  end if;
  update windlass.pending p
  set meta = (coalesce(p.meta, '{}')::jsonb || jsonb_build_object('line', concat_ws(chr(31), 's', p.kind, '', '', '', '')))::text,
      line = concat_ws(chr(31), 's', p.kind, '', '', '', '')
  where p.state = 2 and p.ctid = any (array(
    select ctid from windlass.pending
    where state = 2 and ctid = any (array(
      select f.place
      from (select ctid as place, kind from windlass.pending
            where queue = the_queue and state = 2 and line is null order by priority, run_at limit 2000) as f
      where whole or f.kind = any (kinds)
      limit 1000))
    for update skip locked));
end
$$;

-- Lines of a queue with jobs of a priority, in order: those after one, up to another; so many at most.
create function windlass.next_lines(the_queue text, the_priority integer, after_line text, last_line text, most integer)
returns text[] language sql stable as
$$
  with recursive scan as (
    select (select p.line from windlass.pending p
            where p.queue = the_queue and p.state = 2 and p.line is not null and p.priority = the_priority and p.line > after_line
            order by p.line limit 1) as line, 1 as n
    union all
    select (select p.line from windlass.pending p
            where p.queue = the_queue and p.state = 2 and p.line is not null and p.priority = the_priority and p.line > scan.line
            order by p.line limit 1), n + 1
    from scan where scan.line is not null and n < most
  )
  select coalesce(array_agg(line order by n), '{}') from scan where line is not null and (last_line is null or line <= last_line)
$$;

-- Takes jobs of one queue and priority out of these lines, one of each line before the second of any, as far as their
-- gates let them through, and notes which gates they have passed. Returns them in this order, the line that had the
-- last turn, and the bytes of their args. busy: lanes that are passed over.
create function windlass.claim_turns(us bigint, the_lease uuid, before integer, the_queue text, level integer, lines text[],
  busy text[], wanted integer, most_bytes bigint, handlers text[], rule windlass.limit_rule, left_of_queue double precision,
  out jobs windlass.held_job[], out last_line text, out bytes bigint) language plpgsql volatile as
$$
begin
  with line as materialized (
    select l.line, l.nth, l.line >= 'l' and l.line < 'm' as is_lane, string_to_array(l.line, chr(31)) as part
    from unnest(lines) with ordinality as l(line, nth)
    where l.line not in (select unnest(busy))
  ),
  -- Each line, with what may keep its jobs. The first job of a lane may be on another queue, or not begin yet: then no
  -- job of it does.
  front as materialized (
    select l.nth, l.line, true as is_lane, f.id, coalesce(f.meta->'limited'->>'name', f.kind) as name,
           f.meta->'limited'->>'key' as key, (f.meta->'limited'->>'running')::integer as most, 1 as weight,
           coalesce(f.meta->'lane'->>'when_dead' = 'block', false) as blocks
    from line l cross join lateral (
      select id, queue, state, kind, version, meta::jsonb, windlass.expiry(meta, created_at) as expires_at
      from windlass.pending
      where line = l.line and line >= 'l' and line < 'm'
      order by (state = 1 and attempt = 0), (attempt = 0), created_at, id limit 1) as f
    where l.is_lane and f.state = 2 and f.queue = the_queue and coalesce(f.expires_at > us, true)
      and f.kind || '@' || f.version = any (handlers)
      and not exists (
        select from windlass.permit m
        where m.gate = l.line and m.job <> f.id
          and (m.lease = the_lease
               or exists (select from windlass.lease e where e.id = m.lease and get_bit(e.settled, m.place - 1) = 0)
               or m.blocks and exists (select from windlass.finished d where d.id = m.job and d.state = 7)))
    union all
    select l.nth, l.line, false, null, l.part[3], nullif(l.part[4], ''), nullif(l.part[5], '')::integer,
           coalesce(nullif(l.part[6], '')::integer, 1), false
    from line l where not l.is_lane
  ),
  asked as materialized (
    select f.*, r.tokens_burst as key_burst,
           case when r.name is not null
             then windlass.open_gate(f.key_gate, row(r.scope, r.name, coalesce(r.running, f.most), r.tokens, r.tokens_per,
                    r.tokens_burst, r.broken_after, r.broken_within, r.broken_for, r.origin, r.note, r.set_at)::windlass.limit_rule,
                    us, the_lease) end as opened,
           case when r.name is null and f.key is not null and f.most is not null
             then (select case when count(*) < f.most then f.most - count(*)
                               else f.most - windlass.count_running(f.key_gate, the_lease) end
                   from windlass.permit m where m.gate = f.key_gate) end as own_room
    from (select *, case when key is not null then 'y' || name || chr(31) || key end as key_gate from front) as f
    left join windlass.limit_rule r on r.scope = 2 and f.key is not null and r.name = f.name
  ),
  keyed as (
    select *, coalesce((opened).room, own_room) as key_room, (opened).tokens as key_tokens from asked
  ),
  share as materialized (
    select *, ceil(wanted::numeric * weight / sum(weight) over ())::integer as part from keyed
    where coalesce(key_room, 1) > 0
  ),
  waiting as materialized (
    select s.nth, 1 as rn, s.line, s.is_lane, s.blocks, s.weight, s.key_gate, s.key_room, s.key_tokens, s.key_burst, p.*
    from share s cross join lateral (
      select ctid as place, id, kind, octet_length(args) as size,
             case when strpos(meta, '"cost"') > 0 then coalesce((meta::jsonb->>'cost')::integer, 1) else 1 end as cost
      from windlass.pending where id = s.id and state = 2
      for update skip locked) as p
    where s.is_lane
    union all
    select s.nth, p.rn, s.line, s.is_lane, false, s.weight, s.key_gate, s.key_room, s.key_tokens, s.key_burst,
           p.place, p.id, p.kind, p.size, p.cost
    from share s cross join lateral (
      select row_number() over () as rn, w.*
      from (
        select ctid as place, id, kind, octet_length(args) as size,
               case when strpos(meta, '"cost"') > 0 then coalesce((meta::jsonb->>'cost')::integer, 1) else 1 end as cost
        from windlass.pending
        where queue = the_queue and state = 2 and line is not null and priority = level and line = s.line
          and kind || '@' || version = any (handlers) and coalesce(windlass.expiry(meta, created_at) > us, true)
        order by (attempt = 0), created_at, id
        limit least(s.key_room, greatest(s.part, s.weight))
        for update skip locked) as w) as p
    where not s.is_lane
  ),
  kind_gate as materialized (
    select r.name, o.room, o.tokens, r.tokens_burst as burst
    from windlass.limit_rule r cross join lateral windlass.open_gate('k' || r.name, r, us, the_lease) as o
    where r.scope = 1 and r.name in (select kind from waiting)
  ),
  ordered as (
    select *, row_number() over (order by (rn - 1) / weight, nth) as ord from waiting
  ),
  by_key as (
    select *, row_number() over of_key as n, sum(cost) over of_key - cost + least(cost, key_burst) as due
    from ordered window of_key as (partition by key_gate order by ord)
  ),
  by_kind as (
    select k.*, row_number() over of_kind as of_kind, g.name as kind_rule, g.room as kind_room, g.tokens as kind_tokens,
           sum(cost) over of_kind - cost + least(cost, g.burst) as kind_due
    from by_key k left join kind_gate g on g.name = k.kind
    where k.key_gate is null or (k.n <= coalesce(k.key_room, k.n) and (k.key_tokens is null or k.due <= k.key_tokens))
    window of_kind as (partition by kind order by ord)
  ),
  by_queue as (
    select *, row_number() over so_far as of_queue, sum(cost) over so_far - cost + least(cost, rule.tokens_burst) as queue_due,
           sum(size) over so_far as sizes
    from by_kind
    where of_kind <= coalesce(kind_room, of_kind) and (kind_tokens is null or kind_due <= kind_tokens)
    window so_far as (order by ord)
  ),
  kept as materialized (
    select * from by_queue
    where of_queue <= wanted and (left_of_queue is null or queue_due <= left_of_queue)
      and (sizes <= most_bytes or (of_queue = 1 and before = 0))
  ),
  claimed as (
    delete from windlass.pending where ctid = any (array(select place from kept))
    returning id, run_at, created_at, attempt + 1 as attempt, failures, version, priority, losses, max_attempts,
              queue, kind, args, root, parent, origin, meta, history
  ),
  numbered as materialized (
    select c.*, k.line, k.is_lane, k.blocks, k.key_gate, k.key_room, k.key_tokens, k.kind_rule, k.kind_tokens, k.cost, k.size,
           row_number() over (order by k.ord) + before as nth
    from claimed c join kept k on k.id = c.id
  ),
  passed as (
    insert into windlass.permit as m (gate, job, lease, place, blocks)
    select g.gate, n.id, the_lease, n.nth, g.blocks
    from numbered n cross join lateral (values
      (case when n.is_lane then n.line end, n.blocks), (case when n.key_room is not null then n.key_gate end, false),
      ('k' || n.kind_rule, false), ('q' || rule.name, false)) as g(gate, blocks)
    where g.gate is not null
    on conflict (gate, job) do update set lease = excluded.lease, place = excluded.place
  ),
  spent as (
    insert into windlass.bucket as b (gate, tokens, at)
    select gate, tokens - sum(cost), us
    from (select key_gate, key_tokens, cost from numbered
          union all select 'k' || kind_rule, kind_tokens, cost from numbered
          union all select 'q' || rule.name, left_of_queue, cost from numbered) as s(gate, tokens, cost)
    where tokens is not null
    group by gate, tokens
    on conflict (gate) do update set tokens = excluded.tokens, at = excluded.at
  ),
  probed as (
    update windlass.breaker b set probe = n.id, probed_at = us
    from numbered n
    where b.probe is null and b.gate in (n.key_gate, 'k' || n.kind_rule, 'q' || rule.name)
  )
  select array_agg(row(n.id, n.run_at, n.created_at, n.attempt, n.failures, n.version, n.priority, n.losses, n.max_attempts,
                       n.queue, n.kind, n.args, n.root, n.parent, n.origin, n.meta, n.history)::windlass.held_job order by n.nth),
         (array_agg(n.line order by n.nth desc))[1], coalesce(sum(n.size), 0)
  into jobs, last_line, bytes
  from numbered n;
end
$$;

-- Claims jobs that stand in line: takes them out of `pending` under their gates. The caller writes their lease, with
-- these jobs in front and in this order. The lines of a queue have turns, those with jobs of a smaller priority first.
create function windlass.claim_lines(us bigint, the_lease uuid, queues text[], shares integer[], most integer, most_bytes bigint,
  handlers text[]) returns setof windlass.held_job language plpgsql volatile as
$$
declare
  got      integer := 0;
  wanted   integer;
  looks    integer;
  the_queue text;
  turn     text;
  next_turn text;
  lines    text[];
  level    integer;
  from_line text;
  lap      integer;
  rule     windlass.limit_rule;
  room     integer;
  left_of_queue double precision;
  busy     text[];
  has_rules boolean;
  share_of_one integer;
  part     record;
begin
  if not windlass.take_lines('90ms') then
    return;
  end if;
  has_rules := exists (select from windlass.limit_rule);
  -- Lanes with a job that runs, so that none of them is looked at.
  select coalesce(array_agg(m.gate), '{}') into busy
  from windlass.permit m join windlass.lease e on e.id = m.lease
  where m.gate >= 'l' and m.gate < 'm' and get_bit(e.settled, m.place - 1) = 0;
  for nth in 1 .. cardinality(queues) loop
    the_queue := queues[nth];
    wanted := least(shares[nth], most - got);
    continue when wanted <= 0 or exists (
      select from windlass.queue q where q.name = the_queue and q.paused_at is not null and coalesce(q.paused_until > us, true));
    perform windlass.stand_in_line(the_queue);
    select * into rule from windlass.limit_rule r where r.scope = 0 and r.name = the_queue;
    room := null;
    left_of_queue := null;
    if rule.name is not null then
      select o.room, o.tokens into room, left_of_queue from windlass.open_gate('q' || the_queue, rule, us, the_lease) as o;
    end if;
    wanted := least(wanted, room);
    select c.line into turn from windlass.line_cursor c where c.queue = the_queue;
    turn := coalesce(turn, '');
    next_turn := null;
    level := -32769;
    loop
      exit when wanted <= 0 or most_bytes <= 0;
      select min(p.priority) into level from windlass.pending p
      where p.queue = the_queue and p.state = 2 and p.line is not null and p.priority > level;
      exit when level is null;
      from_line := turn;
      lap := 1;
      for round in 1 .. 8 loop
        looks := wanted + 16;
        lines := windlass.next_lines(the_queue, level, from_line, case when lap = 2 then turn end, looks);
        if cardinality(lines) < looks and lap = 1 then
          lap := 2;
          lines := lines || windlass.next_lines(the_queue, level, '', turn, looks - cardinality(lines));
        end if;
        from_line := lines[cardinality(lines)];
        share_of_one := ceil(wanted::numeric / greatest(cardinality(lines), 1));
        next_turn := coalesce(next_turn, from_line);
        -- Under limits that were set, what one line takes of a gate is to be known before the next one is asked.
        for nth_line in 1 .. case when has_rules then cardinality(lines) else 1 end loop
          exit when wanted <= 0 or most_bytes <= 0;
          select * into part from windlass.claim_turns(
            us, the_lease, got, the_queue, level, case when has_rules then lines[nth_line:nth_line] else lines end, busy,
            case when has_rules
              then least(wanted, share_of_one * coalesce(nullif(split_part(lines[nth_line], chr(31), 6), '')::integer, 1))
              else wanted end,
            most_bytes, handlers, rule, left_of_queue);
          next_turn := coalesce(part.last_line, next_turn);
          continue when part.jobs is null;
          return query select * from unnest(part.jobs);
          got := got + cardinality(part.jobs);
          wanted := wanted - cardinality(part.jobs);
          most_bytes := most_bytes - part.bytes;
          if left_of_queue is not null then
            select b.tokens into left_of_queue from windlass.bucket b where b.gate = 'q' || the_queue;
          end if;
        end loop;
        exit when wanted <= 0 or most_bytes <= 0 or cardinality(lines) < looks;
      end loop;
    end loop;
    insert into windlass.line_cursor as c (queue, line)
    select the_queue, next_turn where next_turn is distinct from turn and next_turn is not null
    on conflict (queue) do update set line = excluded.line;
  end loop;
end
$$;

-- Removes the permits that count no more, and failures and buckets from before kept_from. Claims give permits under the
-- same lock, so that none is removed while a job gets it again; while claims keep the lock, the next tidying does it.
create function windlass.forget_permits(kept_from bigint) returns void language plpgsql volatile as
$$
begin
  if not windlass.take_lines('90ms') then
    return;
  end if;
  delete from windlass.permit m
  where not exists (select from windlass.lease e where e.id = m.lease and get_bit(e.settled, m.place - 1) = 0)
    and not (m.blocks and exists (select from windlass.finished d where d.id = m.job and d.state = 7));
  delete from windlass.failure f where f.at < kept_from;
  delete from windlass.bucket b where b.at < kept_from;
end
$$;

-- Gives the jobs that run a permit of a limit that was not there when they were claimed.
create function windlass.count_in(rule windlass.limit_rule) returns void language sql volatile as
$$
  insert into windlass.permit (gate, job, lease, place, blocks)
  select case rule.scope when 0 then 'q' || r.queue when 1 then 'k' || r.kind
           else 'y' || rule.name || chr(31) || (r.meta::jsonb->'limited'->>'key') end, r.id, r.lease, r.place, false
  from windlass.running_job r
  where (rule.scope = 0 and r.queue = rule.name) or (rule.scope = 1 and r.kind = rule.name)
     or (rule.scope = 2 and strpos(r.meta, '"limited"') > 0
         and coalesce(r.meta::jsonb->'limited'->>'name', r.kind) = rule.name)
  on conflict do nothing
$$;

-- Sets a limit; false where a person has set another, and this is none.
create function windlass.write_limit(rule windlass.limit_rule) returns boolean language plpgsql volatile as
$$
begin
  perform pg_advisory_xact_lock(hashtext('windlass.lines'), 0);
  insert into windlass.limit_rule as l select rule.*
  on conflict (scope, name) do update
  set running = excluded.running, tokens = excluded.tokens, tokens_per = excluded.tokens_per,
      tokens_burst = excluded.tokens_burst, broken_after = excluded.broken_after, broken_within = excluded.broken_within,
      broken_for = excluded.broken_for, origin = excluded.origin, note = excluded.note, set_at = excluded.set_at
  where l.origin < 2 or excluded.origin = 2;
  if not found then
    return false;
  end if;
  perform windlass.count_in(rule);
  perform pg_notify(channel, '') from windlass.idle;
  return true;
end
$$;

-- Sets a limit, for people: of queue:NAME, kind:NAME or key:NAME. Options: running (so many at once), rate (so many
-- tokens), per (an interval's text, 1 second unless said), burst, break_after (failures), within and open_for
-- (intervals' texts, 1 minute unless said), note.
create function windlass.set_limit(target text, options jsonb) returns void language plpgsql volatile as
$$
declare
  rule  windlass.limit_rule;
  wrong text;
begin
  select key into wrong from jsonb_object_keys(options) as key
  where key not in ('running', 'rate', 'per', 'burst', 'break_after', 'within', 'open_for', 'note') limit 1;
  if wrong is not null then
    raise exception 'windlass: unknown option %', wrong using errcode = '22023',
      hint = 'running, rate, per, burst, break_after, within, open_for, note';
  end if;
  if target is null or target !~ '^(queue|kind|key):[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: a limit cannot be set for %', coalesce(quote_literal(target), 'null') using errcode = '22023',
      hint = 'queue:NAME, kind:NAME or key:NAME';
  end if;
  rule.scope := case split_part(target, ':', 1) when 'queue' then 0 when 'kind' then 1 else 2 end;
  rule.name := substr(target, strpos(target, ':') + 1);
  rule.running := (options->>'running')::integer;
  rule.tokens := (options->>'rate')::integer;
  rule.broken_after := (options->>'break_after')::integer;
  if rule.tokens is not null then
    rule.tokens_per := (extract(epoch from coalesce(options->>'per', '1 second')::interval) * 1000000)::bigint;
    rule.tokens_burst := coalesce((options->>'burst')::integer, rule.tokens);
  end if;
  if rule.broken_after is not null then
    rule.broken_within := (extract(epoch from coalesce(options->>'within', '1 minute')::interval) * 1000000)::bigint;
    rule.broken_for := (extract(epoch from coalesce(options->>'open_for', '1 minute')::interval) * 1000000)::bigint;
  end if;
  if coalesce(rule.running, rule.tokens, rule.broken_after) is null then
    raise exception 'windlass: a limit says how many run, a rate or when to break' using errcode = '22023';
  end if;
  if least(rule.running, rule.tokens, rule.tokens_burst, rule.broken_after) < 1
     or least(rule.tokens_per, rule.broken_within, rule.broken_for) < 1000
     or greatest(rule.tokens_per, rule.broken_within, rule.broken_for) > 86400000000 then
    raise exception 'windlass: a number of a limit is at least 1, a time from a millisecond to a day' using errcode = '22023';
  end if;
  rule.origin := 2;
  rule.note := options->>'note';
  rule.set_at := windlass.now_us();
  perform windlass.write_limit(rule);
end
$$;

create function windlass.remove_limit(target text) returns boolean language sql volatile as
$$
  with gone as (
    delete from windlass.limit_rule
    where scope = case split_part(target, ':', 1) when 'queue' then 0 when 'kind' then 1 when 'key' then 2 end
      and name = substr(target, strpos(target, ':') + 1)
    returning scope, name),
  closed as (
    delete from windlass.breaker b using gone g
    where b.gate = (array['q', 'k', 'y'])[g.scope + 1] || g.name or g.scope = 2 and starts_with(b.gate, 'y' || g.name || chr(31))),
  woken as (select count(pg_notify(channel, '')) from windlass.idle where exists (select from gone))
  select exists (select from gone) from woken
$$;

-- Closes the breaker of a limit, for a name those of all its keys, and forgets the failures that it has counted; false
-- where none was open.
create function windlass.close_breaker(target text) returns boolean language sql volatile as
$$
  with wanted as (
    select case split_part(target, ':', 1) when 'queue' then 'q' when 'kind' then 'k' when 'key' then 'y' end
             || substr(target, strpos(target, ':') + 1) as gate),
  forgotten as (
    delete from windlass.failure f using wanted w
    where f.gate = w.gate or f.gate > w.gate || chr(31) and f.gate < w.gate || chr(32)),
  closed as (
    delete from windlass.breaker b using wanted w
    where b.gate = w.gate or b.gate > w.gate || chr(31) and b.gate < w.gate || chr(32)
    returning b.gate),
  woken as (select count(pg_notify(channel, '')) from windlass.idle where exists (select from closed))
  select exists (select from closed) from woken
$$;

-- What a job's rules do in its lane when it is written: jobs of kinds that it supersedes are cancelled unless they run.
-- Returns the job because of which it is refused, or null; then nothing was done. Two transactions that write such jobs
-- to one lane do so one after the other.
create function windlass.enter_lane(us bigint, the_id uuid, the_kind text, lane jsonb) returns uuid language plpgsql volatile as
$$
declare
  the_line text   := 'l' || (lane->>'key');
  refusing text[] := array(select jsonb_array_elements_text(coalesce(lane->'refused_by', '[]')));
  old      text[] := array(select jsonb_array_elements_text(coalesce(lane->'supersedes', '[]')));
  other    uuid;
begin
  perform pg_advisory_xact_lock(hashtext('windlass.lane'), hashtext(the_line));
  if refusing <> '{}' then
    select p.id into other from windlass.pending p
    where p.line = the_line and p.line >= 'l' and p.line < 'm' and p.id <> the_id and p.kind = any (refusing) limit 1;
    if other is null then
      select r.id into other from windlass.permit m join windlass.running_job r on r.lease = m.lease and r.id = m.job
      where m.gate = the_line and m.job <> the_id and r.kind = any (refusing) limit 1;
    end if;
    if other is not null then
      return other;
    end if;
  end if;
  with removed as (
    delete from windlass.pending p
    where p.line = the_line and p.line >= 'l' and p.line < 'm' and p.id <> the_id and p.kind = any (old)
    returning *
  ),
  counted as (
    insert into windlass.job_count (queue, state, prune_day, jobs)
    select queue, 6, ((us + 604800000000) / 86400000000)::int4, count(*) from removed group by queue
  )
  insert into windlass.finished
    (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
     max_attempts, queue, kind, args, reason, root, parent, origin, meta, history)
  select id, run_at, created_at, null, us, us + 604800000000, attempt, failures, 6, version, priority, losses,
         max_attempts, queue, kind, args, 'superseded by ' || the_kind || ' ' || the_id, root, parent, origin, meta, history
  from removed;
  return null;
end
$$;

-- What the options of windlass.enqueue say of a job's line, for its meta: lane (a key: one at a time, in the order they were
-- enqueued), when_dead (skip or block), supersedes and refused_by (arrays of kinds); fair (a key that has turns) and
-- weight; limit_key (a key of which so many run at once), limit_name and limit_running; cost (of rates).
create function windlass.line_options(kind text, options jsonb) returns jsonb language plpgsql immutable as
$$
declare
  lane    text := options->>'lane';
  fair    text := options->>'fair';
  bounded text := options->>'limit_key';
  running integer := (options->>'limit_running')::integer;
  weight  integer := (options->>'weight')::integer;
  cost    integer := (options->>'cost')::integer;
  rules   jsonb;
  line    text;
  wrong   text;
begin
  if not options ?| array['lane', 'when_dead', 'supersedes', 'refused_by', 'fair', 'weight', 'limit_key', 'limit_name',
                          'limit_running', 'cost'] then
    return '{}';
  end if;
  select key into wrong from unnest(array[lane, fair, bounded]) as key
  where octet_length(key) not between 1 and 256 or strpos(key, chr(31)) > 0 limit 1;
  if wrong is not null then
    raise exception 'windlass: a key of a lane, a turn or a limit has 1 to 256 bytes without U+001F' using errcode = '22023';
  end if;
  if lane is null and options ?| array['when_dead', 'supersedes', 'refused_by'] or fair is null and weight is not null
     or bounded is null and options ?| array['limit_name', 'limit_running'] then
    raise exception 'windlass: the key is missing' using errcode = '22023', hint = 'the option lane, fair or limit_key';
  end if;
  if running < 1 or weight not between 1 and 100 or cost not between 1 and 65535 then
    raise exception 'windlass: limit_running, weight or cost cannot be used' using errcode = '22023',
      hint = 'limit_running from 1 on, weight from 1 to 100, cost from 1 to 65535';
  end if;
  if coalesce(options->>'when_dead', 'skip') not in ('skip', 'block')
     or coalesce(options->>'limit_name', 'x') !~ '^[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: when_dead or limit_name cannot be used' using errcode = '22023',
      hint = 'skip or block; up to 128 letters, digits and . _ - : /';
  end if;
  rules := jsonb_strip_nulls(jsonb_build_object('supersedes', options->'supersedes', 'refused_by', options->'refused_by'));
  if exists (select from jsonb_each(rules) r
             where jsonb_typeof(r.value) <> 'array' or jsonb_array_length(r.value) > 16
                or exists (select from jsonb_array_elements(r.value) e where jsonb_typeof(e) <> 'string')) then
    raise exception 'windlass: supersedes and refused_by are arrays of at most 16 kinds' using errcode = '22023';
  end if;
  line := case when lane is not null then 'l' || lane
               else concat_ws(chr(31), 's' || coalesce(fair, ''), kind,
                              case when bounded is null then '' else coalesce(options->>'limit_name', kind) end,
                              coalesce(bounded, ''), coalesce(running::text, ''), coalesce(weight::text, '')) end;
  return jsonb_strip_nulls(jsonb_build_object(
    'lane', case when lane is not null then rules || jsonb_build_object('key', lane, 'when_dead', coalesce(options->>'when_dead', 'skip')) end,
    'fair', case when fair is not null then jsonb_build_object('key', fair, 'weight', weight) end,
    'limited', case when bounded is not null
                 then jsonb_build_object('key', bounded, 'name', options->>'limit_name', 'running', running) end,
    'cost', cost, 'line', line));
end
$$;
