-- Lines: jobs that a lane, a limit or a turn may keep from a worker stand in line, and are claimed by a claim of their own,
-- one at a time, so that what it counts stays as it counted it.

-- The line of each queue and priority that was looked at last.
create unlogged table windlass.line_cursor (
  queue    text     not null,
  priority smallint not null,
  line     text     not null,
  primary key (queue, priority)
) with (fillfactor = 50);

-- Gives available jobs a place in the line of their kind, those that nobody has locked. Returns how many.
create function windlass.stand(places tid[]) returns bigint language plpgsql volatile as
$$
declare
  stood bigint;
begin
  update windlass.pending p
  set meta = (coalesce(p.meta, '{}')::jsonb || jsonb_build_object('line', concat_ws(chr(31), 's', p.kind, '', '', '', '')))::text,
      line = concat_ws(chr(31), 's', p.kind, '', '', '', '')
  where p.state = 2 and p.ctid = any (array(
    select ctid from windlass.pending
    -- The claim that calls may itself have picked some, by a look from before the limit was set.
    where state = 2 and xmax <> pg_current_xact_id()::xid and ctid = any (places)
    for update skip locked));
  get diagnostics stood = row_count;
  return stood;
end
$$;

-- The same at the front of a queue, at most so many: all of them, or those of these kinds.
create function windlass.stand_in_line(the_queue text, whole boolean, kinds text[], most integer) returns void
language plpgsql volatile as
$$
begin
  perform windlass.stand(array(
    select f.place
    from (select ctid as place, kind from windlass.pending
          where queue = the_queue and state = 2 and line is null order by priority, run_at limit 2000) as f
    where whole or f.kind = any (kinds)
    limit most));
end
$$;

-- How far the sweep has looked for jobs that a limit was set for.
create unlogged table windlass.aside_walk (
  queue    text     not null primary key,
  priority smallint not null,
  run_at   bigint   not null
);

-- The same for all queues, for the sweep: claims would walk over what limits keep back, and look only so far for it. Each
-- call looks at the next 10,000 jobs of each queue. Returns how many got a place, at most so many of each queue.
create function windlass.stand_aside(most integer) returns bigint language plpgsql volatile as
$$
declare
  kinds text[] := array(select name from windlass.limit_rule where scope = 1);
  found bigint := 0;
  place text;
  stood bigint;
  next  record;
begin
  loop
    select min(p.queue) into place from windlass.pending p
    where p.state = 2 and p.line is null and (place is null or p.queue > place);
    exit when place is null;
    with looked as (
      select p.ctid as at, p.priority, p.run_at, row_number() over in_order as nth,
             p.kind = any (kinds) or exists (select from windlass.limit_rule r where r.scope = 0 and r.name = place) as stands
      from windlass.pending p
      where p.queue = place and p.state = 2 and p.line is null
        and (p.priority, p.run_at) > (coalesce((select w.priority from windlass.aside_walk w where w.queue = place), -32768),
                                      coalesce((select w.run_at from windlass.aside_walk w where w.queue = place), -9223372036854775808))
      window in_order as (order by p.priority, p.run_at)
      order by p.priority, p.run_at limit 10000
    ),
    kept as (select at, nth from looked where stands order by nth limit most),
    -- Those that stand are gone from the walk: a full round goes on behind the last one that does not.
    last as (
      select max(nth) as nth from looked
      where not stands and nth < coalesce((select max(nth) from kept having count(*) = most), 10001)
    )
    select array(select at from kept) as places, (select count(*) from looked) = 10000 as goes_on, l.priority, l.run_at
    into next
    from last left join looked l on l.nth = last.nth;
    stood := windlass.stand(next.places);
    found := found + stood;
    if next.goes_on or stood >= most then
      insert into windlass.aside_walk as w (queue, priority, run_at)
      select place, next.priority, next.run_at where next.priority is not null
      on conflict (queue) do update set priority = excluded.priority, run_at = excluded.run_at;
    else
      delete from windlass.aside_walk w where w.queue = place;
    end if;
  end loop;
  return found;
end
$$;

-- Lines of a queue with jobs of a priority, in order: those after one, up to another; so many at most.
create function windlass.next_lines(the_queue text, the_priority integer, after_line text, last_line text, most integer)
returns text[] language plpgsql stable as
$$
begin
  return (
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
    select coalesce(array_agg(s.line order by s.n), '{}') from scan s
    where s.line is not null and (last_line is null or s.line <= last_line));
end
$$;

-- What the lines of one turn's key and kind have in common, of which there may be some for the keys of a limit; other lines
-- have a turn each.
create function windlass.turn_of(line text) returns text language sql immutable as
$$ select case when line >= 'l' and line < 'm' or starts_with(line, 's' || chr(31)) then line
               else split_part(line, chr(31), 1) || chr(31) || split_part(line, chr(31), 2) end $$;

-- What one claim of lines goes by: its moment, its lease, the queue and the priority it is at, what its worker knows, the
-- lanes that are passed over, and what the queue's own limit lets through.
create type windlass.line_claim as (
  us        bigint,
  lease     uuid,
  queue     text,
  level     integer,
  handlers  text[],
  kinds     text[],
  busy      text[],
  blocks    boolean,
  rule      windlass.limit_rule,
  room      integer,
  tokens    double precision
);

-- Of these lines those that may give a job now, with what keeps them: the gate of a key and what it lets through. Of a
-- lane the first job, unless it is on another queue or does not begin yet: then no job of it does.
create function windlass.open_lines(c windlass.line_claim, lines text[]) returns table (
  nth bigint, line text, is_lane boolean, id uuid, weight integer, blocks boolean, key_gate text, key_room integer,
  key_tokens double precision, key_burst integer) language plpgsql volatile as
$$
#variable_conflict use_column
begin
  return query
  with line as materialized (
    select l.line, l.nth, l.line >= 'l' and l.line < 'm' as is_lane, string_to_array(l.line, chr(31)) as part
    from unnest(lines) with ordinality as l(line, nth)
    where l.line <> all ((c).busy)
  ),
  front as materialized (
    select l.nth, l.line, true as is_lane, f.id, f.kind, coalesce(f.meta->'limited'->>'name', f.kind) as name,
           f.meta->'limited'->>'key' as key, (f.meta->'limited'->>'running')::integer as most, 1 as weight,
           coalesce(f.meta->'lane'->>'when_dead' = 'block', false) as blocks
    from line l cross join lateral (
      select p.id, p.queue, p.state, p.kind, p.version, p.meta::jsonb, windlass.expiry(p.meta, p.created_at) as expires_at
      from windlass.pending p
      where p.line = l.line and p.line >= 'l' and p.line < 'm'
      order by (abs(p.state) = 1 and p.attempt = 0), (p.attempt = 0), p.created_at, p.id limit 1) as f
    where l.is_lane and f.state = 2 and f.queue = (c).queue and coalesce(f.expires_at > (c).us, true)
      and f.kind || '@' || f.version = any ((c).handlers)
      and not ((c).blocks and exists (
        select from windlass.permit m join windlass.finished d on d.id = m.job and d.state = 7
        where m.gate = l.line and m.blocks and m.job <> f.id))
    union all
    select l.nth, l.line, false, null, l.part[2], l.part[3], nullif(l.part[4], ''), nullif(l.part[5], '')::integer,
           coalesce(nullif(l.part[6], '')::integer, 1), false
    from line l where not l.is_lane and l.part[2] = any ((c).kinds)
  ),
  shut_kind as materialized (
    select r.name
    from windlass.limit_rule r cross join lateral windlass.open_gate('k' || r.name, r, (c).us, (c).lease) as o
    where r.scope = 1 and r.name in (select kind from front) and (o.room <= 0 or o.tokens < 1)
  ),
  asked as (
    select f.*, r.tokens_burst as key_burst, coalesce(r.running, f.most) as running,
           r.tokens is not null or r.broken_after is not null as is_asked,
           case when r.tokens is not null or r.broken_after is not null
             then windlass.open_gate(f.key_gate, row(r.scope, r.name, coalesce(r.running, f.most), r.tokens, r.tokens_per,
                    r.tokens_burst, r.broken_after, r.broken_within, r.broken_for, r.reserved, r.origin, r.note, r.set_at,
                    r.counted)::windlass.limit_rule, (c).us, (c).lease) end as opened
    from (select *, case when key is not null then 'y' || name || chr(31) || key end as key_gate from front) as f
    left join windlass.limit_rule r on r.scope = 2 and f.key is not null and r.name = f.name
    where f.kind not in (select name from shut_kind)
  )
  select nth, line, is_lane, id, weight, blocks, key_gate,
         case when is_asked then (opened).room
              when key_gate is not null and running is not null then windlass.room_of(key_gate, running, (c).lease) end,
         (opened).tokens, key_burst
  from asked;
end
$$;

-- Takes jobs out of these lines, one of each line before the second of any, as far as their gates let them through, and
-- notes which gates they have passed. Returns them in this order, the line that had the last turn, and the bytes of their
-- args.
create function windlass.claim_turns(c windlass.line_claim, lines text[], before integer, wanted integer, most_bytes bigint,
  out jobs windlass.held_job[], out last_line text, out bytes bigint) language plpgsql volatile as
$$
begin
  -- Places of the queue's limit that are kept for a kind, and how many of them are free.
  with reserved as materialized (
    select k.key as name, windlass.room_of('r' || c.queue || chr(31) || k.key, k.value::integer, c.lease) as room
    from jsonb_each_text((c.rule).reserved) as k
  ),
  -- Places that are kept for none, whatever the breaker lets through; null where nothing is reserved.
  spare as materialized (
    select windlass.room_of('q' || c.queue, (c.rule).running, c.lease) - (select coalesce(sum(room), 0) from reserved) as places
    where (c.rule).reserved is not null
  ),
  share as materialized (
    -- The lines of one turn's key have one part together, of which each may have all.
    select *, ceil(wanted * weight / sum(weight::double precision / alike) over ())::integer as part
    from (
      select *, count(*) over (partition by windlass.turn_of(line)) as alike from windlass.open_lines(c, lines)
      where coalesce(key_room, 1) > 0
        -- A line to which only places for other kinds are left has no part, which would be nobody's.
        and (is_lane or coalesce((select places from spare), 1) > 0
             or split_part(line, chr(31), 2) in (select name from reserved where room > 0))) as l
  ),
  waiting as materialized (
    select s.nth, 1 as rn, s.line, s.is_lane, s.blocks, s.weight, s.key_gate, s.key_room, s.key_tokens, s.key_burst, p.*
    from share s cross join lateral (
      select ctid as place, id, kind, octet_length(args) as size,
             case when strpos(meta, '"cost"') > 0 then coalesce((meta::jsonb->>'cost')::integer, 1) else 1 end as cost, created_at as since
      from windlass.pending where id = s.id and state = 2
      for update skip locked) as p
    where s.is_lane
    union all
    select s.nth, p.rn, s.line, s.is_lane, false, s.weight, s.key_gate, s.key_room, s.key_tokens, s.key_burst,
           p.place, p.id, p.kind, p.size, p.cost, p.since
    from share s cross join lateral (
      select row_number() over () as rn, w.*
      from (
        select ctid as place, id, kind, octet_length(args) as size,
               case when strpos(meta, '"cost"') > 0 then coalesce((meta::jsonb->>'cost')::integer, 1) else 1 end as cost,
               case when attempt = 0 then created_at else 0 end as since
        from windlass.pending
        where queue = c.queue and state = 2 and line is not null and priority = c.level and line = s.line
          and kind || '@' || version = any (c.handlers) and coalesce(windlass.expiry(meta, created_at) > c.us, true)
        order by (attempt = 0), created_at, id
        limit least(s.key_room, greatest(s.part, s.weight))
        for update skip locked) as w) as p
    where not s.is_lane
  ),
  kind_gate as materialized (
    select r.name, o.room, o.tokens, r.tokens_burst as burst
    from windlass.limit_rule r cross join lateral windlass.open_gate('k' || r.name, r, c.us, c.lease) as o
    where r.scope = 1 and r.name in (select kind from waiting)
  ),
  ordered as (
    -- The lines of one turn's key, of which there may be some for the keys of a limit, have its turns together.
    select *, row_number() over (order by (tn - 1) / weight, nth) as ord
    from (select *, row_number() over (partition by windlass.turn_of(line) order by since, rn) as tn from waiting) as w
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
  placed as (
    select k.*, r.name as reserved_kind, k.of_kind <= coalesce(r.room, 0) as has_place
    from by_kind k left join reserved r on r.name = k.kind
    where k.of_kind <= coalesce(k.kind_room, k.of_kind) and (k.kind_tokens is null or k.kind_due <= k.kind_tokens)
  ),
  roomy as (
    select *, count(*) filter (where not has_place) over (order by ord) as without_place from placed
  ),
  by_queue as (
    select *, row_number() over so_far as of_queue, sum(cost) over so_far - cost + least(cost, (c.rule).tokens_burst) as queue_due,
           sum(size) over so_far as sizes
    from roomy
    where has_place or without_place <= coalesce((select places from spare), without_place)
    window so_far as (order by ord)
  ),
  kept as materialized (
    select * from by_queue
    where of_queue <= least(wanted, c.room) and (c.tokens is null or queue_due <= c.tokens)
      and (sizes <= most_bytes or (of_queue = 1 and before = 0))
  ),
  claimed as (
    delete from windlass.pending where ctid = any (array(select place from kept))
    returning id, run_at, created_at, attempt + 1 as attempt, failures, version, priority, losses, max_attempts,
              queue, kind, args, root, parent, origin, meta, history
  ),
  numbered as materialized (
    select d.*, k.line, k.is_lane, k.blocks, k.key_gate, k.key_room, k.key_tokens, k.kind_rule, k.kind_tokens, k.reserved_kind,
           k.cost, k.size, row_number() over (order by k.ord) + before as nth
    from claimed d join kept k on k.id = d.id
  ),
  passed as (
    insert into windlass.permit as m (gate, job, lease, place, blocks)
    select g.gate, n.id, c.lease, n.nth, g.blocks
    from numbered n cross join lateral (values
      (case when n.is_lane then n.line end, n.blocks), (case when n.key_room is not null then n.key_gate end, false),
      ('k' || n.kind_rule, false), ('q' || (c.rule).name, false),
      ('r' || c.queue || chr(31) || n.reserved_kind, false)) as g(gate, blocks)
    where g.gate is not null
    on conflict (gate, job) do update set lease = excluded.lease, place = excluded.place
  ),
  spent as (
    insert into windlass.bucket as b (gate, tokens, at)
    select gate, tokens - sum(cost), c.us
    from (select key_gate, key_tokens, cost from numbered
          union all select 'k' || kind_rule, kind_tokens, cost from numbered
          union all select 'q' || (c.rule).name, c.tokens, cost from numbered) as s(gate, tokens, cost)
    where tokens is not null
    group by gate, tokens
    -- A claim that looked at the clock before another and comes after it is a moment behind; a clock that was set back is more.
    on conflict (gate) do update set tokens = excluded.tokens,
      at = case when b.at - excluded.at between 0 and 60000000 then b.at else excluded.at end
  ),
  probed as (
    update windlass.breaker b set probe = n.id, probed_at = c.us
    from numbered n
    where b.probe is null and b.gate in (n.key_gate, 'k' || n.kind_rule, 'q' || (c.rule).name)
  )
  select array_agg(row(n.id, n.run_at, n.created_at, n.attempt, n.failures, n.version, n.priority, n.losses, n.max_attempts,
                       n.queue, n.kind, n.args, n.root, n.parent, n.origin, n.meta, n.history)::windlass.held_job order by n.nth),
         (array_agg(n.line order by n.nth desc))[1], coalesce(sum(n.size), 0)
  into jobs, last_line, bytes
  from numbered n;
end
$$;

-- How many of a queue's jobs may be in line, of so many: its other jobs of a smaller priority come first, and those of the
-- same have half. Plain: how many there are of each priority. Who has the odd one is left to chance.
create function windlass.part_in_line(jobs integer, level integer, priorities smallint[], plain integer[], odd integer)
returns integer language plpgsql immutable as
$$
declare
  alike integer := 0;
begin
  for nth in 1 .. cardinality(priorities) loop
    if priorities[nth] < level then
      jobs := jobs - plain[nth];
    elsif priorities[nth] = level then
      alike := plain[nth];
    end if;
  end loop;
  return greatest(jobs - least(alike, (jobs + odd) / 2), 0);
end
$$;

-- Claims jobs that stand in line: takes them out of `pending` under their gates. The caller writes their lease, with
-- these jobs in front and in this order. The lines of a queue have turns, those with jobs of a smaller priority first.
-- plain: the other jobs that the claim has found, as {"queue": [[priorities], [numbers]]}.
create function windlass.claim_lines(us bigint, the_lease uuid, queues text[], shares integer[], plain jsonb, most integer,
  most_bytes bigint, handlers text[]) returns setof windlass.held_job language plpgsql volatile as
$$
declare
  c          windlass.line_claim;
  got        integer := 0;
  odd        integer := get_byte(uuid_send(the_lease), 15) % 2;
  share      integer;
  taken      integer;
  wanted     integer;
  priorities smallint[];
  numbers    integer[];
  rounds     integer := 48;
  lines      text[];
  turn       text;
  next_turn  text;
  from_line  text;
  lap        integer;
  looks      integer;
  part       record;
begin
  if not windlass.take_lines('90ms') then
    return;
  end if;
  perform windlass.count_in(r, us) from windlass.limit_rule r where not r.counted;
  c.us := us;
  c.lease := the_lease;
  c.handlers := handlers;
  c.kinds := array(select distinct split_part(h, '@', 1) from unnest(handlers) as h);
  c.blocks := exists (select from windlass.permit m where m.blocks);
  -- Lanes with a job that runs, so that none of them is looked at.
  select coalesce(array_agg(m.gate), '{}') into c.busy
  from windlass.permit m join windlass.lease e on e.id = m.lease
  where m.gate >= 'l' and m.gate < 'm' and get_bit(e.settled, m.place - 1) = 0;
  for nth in 1 .. cardinality(queues) loop
    c.queue := queues[nth];
    share := least(shares[nth], most);
    priorities := array(select jsonb_array_elements_text(plain->c.queue->0)::smallint);
    numbers := array(select jsonb_array_elements_text(plain->c.queue->1)::integer);
    continue when share <= 0 or exists (
      select from windlass.queue q where q.name = c.queue and q.paused_at is not null and coalesce(q.paused_until > us, true));
    c := windlass.open_queue(c);
    taken := 0;
    c.level := -32769;
    loop
      exit when most_bytes <= 0 or rounds <= 0 or c.room <= 0 or c.tokens < 1;
      select min(p.priority) into c.level from windlass.pending p
      where p.queue = c.queue and p.state = 2 and p.line is not null and p.priority > c.level;
      exit when c.level is null;
      wanted := windlass.part_in_line(share - taken, c.level, priorities, numbers, odd);
      exit when wanted <= 0;
      select coalesce(max(l.line), '') into turn from windlass.line_cursor l where l.queue = c.queue and l.priority = c.level;
      next_turn := turn;
      from_line := turn;
      lap := 1;
      for round in 1 .. case when got = 0 then 24 else 8 end loop
        rounds := rounds - 1;
        looks := wanted + 64;
        lines := windlass.next_lines(c.queue, c.level, from_line, case when lap = 2 then turn end, looks);
        if cardinality(lines) < looks and lap = 1 then
          lap := 2;
          lines := lines || windlass.next_lines(c.queue, c.level, '', turn, looks - cardinality(lines));
        end if;
        exit when cardinality(lines) = 0;
        from_line := lines[cardinality(lines)];
        next_turn := from_line;
        select * into part from windlass.claim_turns(c, lines, got, wanted, most_bytes);
        if part.jobs is not null then
          return query select * from unnest(part.jobs);
          got := got + cardinality(part.jobs);
          taken := taken + cardinality(part.jobs);
          wanted := wanted - cardinality(part.jobs);
          most_bytes := most_bytes - part.bytes;
          c := windlass.go_on(c, lines);
          -- A space comes behind the separator: the lines of one turn's key, if all were looked at, have had their turn.
          next_turn := case when wanted > 0 and most_bytes > 0 then from_line
                            when cardinality(lines) < looks or windlass.turn_of(part.last_line) <> windlass.turn_of(from_line)
                              then windlass.turn_of(part.last_line) || ' '
                            else part.last_line end;
        end if;
        exit when wanted <= 0 or most_bytes <= 0 or c.room <= 0 or c.tokens < 1 or cardinality(lines) < looks;
      end loop;
      insert into windlass.line_cursor as l (queue, priority, line)
      select c.queue, c.level, next_turn where next_turn <> turn
      on conflict (queue, priority) do update set line = excluded.line;
    end loop;
    most := most - greatest(taken, least(share, taken + (select coalesce(sum(n), 0) from unnest(numbers) as n))::integer);
  end loop;
end
$$;

-- Asks the limit that was set for the queue, and gives the jobs at its front a place in line that a limit is set for and
-- lets through.
create function windlass.open_queue(c windlass.line_claim) returns windlass.line_claim language plpgsql volatile as
$$
declare
  kinds text[];
begin
  c.rule := null;
  select r into c.rule from windlass.limit_rule r where r.scope = 0 and r.name = c.queue;
  c.room := null;
  c.tokens := null;
  if (c.rule).name is not null then
    select o.room, o.tokens into c.room, c.tokens from windlass.open_gate('q' || c.queue, c.rule, c.us, c.lease) as o;
    if c.room <= 0 or c.tokens < 1 then
      return c;
    end if;
  end if;
  kinds := array(
    select r.name
    from windlass.limit_rule r cross join lateral windlass.open_gate('k' || r.name, r, c.us, c.lease) as o
    where r.scope = 1 and r.name = any (c.kinds) and coalesce(o.room, 1) > 0 and coalesce(o.tokens, 1) >= 1);
  if (c.rule).name is not null or kinds <> '{}' then
    perform windlass.stand_in_line(c.queue, (c.rule).name is not null, kinds, 500);
  end if;
  return c;
end
$$;

-- What the queue's limit lets through after a round, and which lanes are taken by then.
create function windlass.go_on(c windlass.line_claim, lines text[]) returns windlass.line_claim language plpgsql volatile as
$$
begin
  c.busy := c.busy || array(
    select m.gate from windlass.permit m where m.lease = c.lease and m.gate = any (lines) and m.gate >= 'l' and m.gate < 'm');
  if (c.rule).name is not null then
    select o.room, o.tokens into c.room, c.tokens from windlass.open_gate('q' || c.queue, c.rule, c.us, c.lease) as o;
  end if;
  return c;
end
$$;

-- What a job's rules do in its lane once it is written: jobs of kinds that it supersedes are cancelled unless they run.
-- Returns the job because of which it is refused, or null; then nothing was done, and who asks undoes what was written. Those
-- that come later in its call are not looked at. Two transactions that write such jobs to one lane do so one after the other.
create function windlass.enter_lane(us bigint, the_id uuid, later uuid[], the_kind text, lane jsonb) returns uuid
language plpgsql volatile as
$$
declare
  the_line text   := 'l' || (lane->>'key');
  refusing text[] := array(select jsonb_array_elements_text(coalesce(lane->'refused_by', '[]')));
  old      text[] := array(select jsonb_array_elements_text(coalesce(lane->'supersedes', '[]')));
  other    uuid;
  gone     uuid[];
begin
  perform pg_advisory_xact_lock(hashtext('windlass.lane'), hashtext(the_line));
  if refusing <> '{}' then
    -- One look, so that a job on its way from one place to the other is seen in one of them.
    select found.id into other
    from (select p.id from windlass.pending p
          where p.line = the_line and p.line >= 'l' and p.line < 'm' and p.id <> all (the_id || later) and p.kind = any (refusing)
          union all
          select r.id from windlass.permit m join windlass.running_job r on r.lease = m.lease and r.id = m.job
          where m.gate = the_line and m.job <> the_id and r.kind = any (refusing)) as found
    limit 1;
    if other is not null then
      return other;
    end if;
  end if;
  with removed as (
    delete from windlass.pending p
    where p.line = the_line and p.line >= 'l' and p.line < 'm' and p.id <> all (the_id || later) and p.kind = any (old)
    returning *
  ),
  counted as (
    insert into windlass.job_count (queue, state, prune_day, jobs)
    select queue, 6, ((us + 604800000000) / 86400000000)::int4, count(*) from removed group by queue
  ),
  done as (
    insert into windlass.finished
      (id, run_at, created_at, started_at, finished_at, prune_at, attempt, failures, state, version, priority, losses,
       max_attempts, queue, kind, args, reason, root, parent, origin, meta, history)
    select id, run_at, created_at, null, us, us + 604800000000, attempt, failures, 6, version, priority, losses,
           max_attempts, queue, kind, args, 'superseded by ' || the_kind || ' ' || the_id, root, parent, origin, meta, history
    from removed
    returning id
  )
  select array_agg(id) into gone from done;
  perform windlass.tell_ends(us, gone, 6::smallint);
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
  if lane is not null and fair is not null then
    raise exception 'windlass: a job has a lane or fair, not both: lanes have turns without it' using errcode = '22023';
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
  if exists (select from jsonb_each(rules) r where jsonb_typeof(r.value) <> 'array')
     or (select count(*) > 16 or not bool_and(jsonb_typeof(e) = 'string' and e#>>'{}' ~ '^[[:alnum:]._:/-]{1,128}$')
         from jsonb_each(rules) r, jsonb_array_elements(r.value) e) then
    raise exception 'windlass: supersedes and refused_by are arrays of at most 16 kinds together' using errcode = '22023',
      hint = 'a kind is up to 128 letters, digits and . _ - : /';
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
