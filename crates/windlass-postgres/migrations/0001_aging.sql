-- Raises those of some jobs that have waited long enough for this priority or a smaller one. Returns how many.
create function windlass.raise_jobs(places tid[], target integer, us bigint, every bigint) returns bigint language sql volatile as
$$
  with raised as (
    update windlass.pending p
    set priority = greatest(windlass.own_priority(p.priority, p.meta) - (us - p.run_at) / every, -32768)::smallint,
        meta = (jsonb_build_object('aged', p.priority) || coalesce(p.meta, '{}')::jsonb)::text
    where p.state = 2 and p.ctid = any (array(
      select ctid from windlass.pending
      where ctid = any (places) and state = 2
        and greatest(windlass.own_priority(priority, meta) - (us - run_at) / every, -32768) <= target
      for update skip locked))
    returning 1)
  select count(*) from raised
$$;

-- The nearest priority before this one that has a job which came later than a moment, and when its newest came.
create function windlass.passed_level(the_queue text, the_level integer, since bigint, out level integer, out newest bigint)
language plpgsql volatile as
$$
begin
  level := the_level;
  for n in 1..100 loop
    select p.priority, p.run_at into level, newest from windlass.pending p
    where p.queue = the_queue and p.state = 2 and p.line is null and p.priority < level
    order by p.priority desc, p.run_at desc limit 1;
    exit when not found or newest > since;
  end loop;
  if coalesce(newest, since) <= since then
    level := null;
  end if;
end
$$;

-- Has the plain jobs of a queue age. A job's priority is changed where that brings it before jobs that came later; the first
-- ones of the queue also without that, for more urgent jobs may come and go between two looks. Returns how many, and the
-- priority it stopped at before the end.
create function windlass.age_plain(the_queue text, every bigint, us bigint, most integer, after_level integer,
  out raised bigint, out at_level integer) language plpgsql volatile as
$$
declare
  the_level integer;
  oldest    bigint;
  passed    record;
begin
  select p.priority into the_level from windlass.pending p
  where p.queue = the_queue and p.state = 2 and p.line is null order by p.priority limit 1;
  raised := windlass.raise_jobs(array(
    select p.ctid from windlass.pending p
    where p.queue = the_queue and p.state = 2 and p.line is null and p.priority = the_level and p.run_at <= us - every
    order by p.run_at limit 10), the_level - 1, us, every);
  at_level := coalesce(after_level, -32769);
  for n in 1..500 loop
    select p.priority, p.run_at into the_level, oldest from windlass.pending p
    where p.queue = the_queue and p.state = 2 and p.line is null and p.priority > at_level
    order by p.priority, p.run_at limit 1;
    if not found then
      at_level := null;
      return;
    end if;
    select * into passed from windlass.passed_level(the_queue, the_level, oldest);
    if passed.level is not null then
      raised := raised + windlass.raise_jobs(array(
        select p.ctid from windlass.pending p
        where p.queue = the_queue and p.state = 2 and p.line is null and p.priority = the_level
          and p.run_at <= least(us - (the_level - passed.level) * every, passed.newest - 1)
        order by p.run_at limit most - raised), passed.level, us, every);
    end if;
    at_level := the_level;
    exit when raised >= most;
  end loop;
end
$$;

-- Has the jobs of a queue that stand in line age, the first ones of each line. The order in a lane is
-- another one, and stays as it is. Returns as age_plain does.
create function windlass.age_lines(the_queue text, every bigint, us bigint, most integer, after_level integer, after_line text,
  out raised bigint, out at_level integer, out at_line text) language plpgsql volatile as
$$
begin
  raised := 0;
  at_level := coalesce(after_level, -32769);
  at_line := coalesce(after_line, '');
  for n in 1..500 loop
    select p.priority, p.line into at_level, at_line from windlass.pending p
    where p.queue = the_queue and p.state = 2 and p.line is not null and (p.priority, p.line) > (at_level, at_line)
    order by p.priority, p.line limit 1;
    exit when not found;
    raised := raised + windlass.raise_jobs(array(
      select p.ctid from windlass.pending p
      where p.queue = the_queue and p.state = 2 and p.line is not null and p.priority = at_level and p.line = at_line
      order by (p.attempt = 0), p.created_at, p.id limit 10), at_level - 1, us, every);
    exit when raised >= most;
  end loop;
end
$$;

-- One round over all queues whose jobs age, except those that are paused: of each about as many jobs at most as said.
-- Returns how many were raised, and whether there may be more to do at once.
create function windlass.age_jobs(us bigint, most integer, out raised bigint, out is_full boolean) language plpgsql volatile as
$$
declare
  one   record;
  plain record;
  lined record;
begin
  raised := 0;
  is_full := false;
  for one in
    select a.queue, a.every_us, c.level, c.line_level, c.line
    from windlass.queue_age a left join windlass.age_cursor c on c.queue = a.queue
    where not exists (select from windlass.queue q where q.name = a.queue and q.paused_at is not null
                        and coalesce(q.paused_until > us, true))
    order by a.queue
  loop
    select * into plain from windlass.age_plain(one.queue, one.every_us, us, most, one.level);
    select * into lined from windlass.age_lines(one.queue, one.every_us, us, most, one.line_level, one.line);
    raised := raised + plain.raised + lined.raised;
    is_full := is_full or plain.raised >= most;
    if (plain.at_level, lined.at_level, lined.at_line) is distinct from (one.level, one.line_level, one.line) then
      insert into windlass.age_cursor (queue, level, line_level, line)
      values (one.queue, plain.at_level, lined.at_level, lined.at_line)
      on conflict (queue) do update
      set level = excluded.level, line_level = excluded.line_level, line = excluded.line;
    end if;
  end loop;
end
$$;
