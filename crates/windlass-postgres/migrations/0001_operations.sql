-- Operations: one change of many jobs, found by a filter.
create table windlass.operation (
  id         uuid     not null primary key,
  action     text     not null check (action in ('retry', 'cancel', 'move', 'delete')),
  -- Of a cancel its reason, of a move the queue.
  detail     text,
  filter     text     not null,
  expect     bigint,
  -- How many matched when it began: it goes through no more. Null where counting took too long.
  matched    bigint,
  pace       text,
  note       text,
  origin     text,
  state      text     not null default 'running'
             check (state in ('running', 'paused', 'done', 'stopped', 'undoing', 'undone')),
  done       bigint   not null default 0,
  requested  bigint   not null default 0,
  -- As JSON: how many by reason, and the first few.
  skipped    text,
  undone     bigint   not null default 0,
  kept       text,
  created_at bigint   not null,
  ended_at   bigint,
  undo_until bigint,
  -- How far it has come: 0 jobs that wait · 1 running · 2 dead · 3 cancelled · 4 completed ones, and the last of them.
  branch     smallint not null default 0,
  last_job   uuid     not null default '00000000-0000-0000-0000-000000000000',
  -- When its next round may come.
  next_at    bigint   not null
) with (fillfactor = 50);

create index operation_active on windlass.operation (next_at) where state in ('running', 'undoing');

-- Jobs as they were before an operation changed them, until it cannot be undone any more.
create table windlass.operation_job (
  operation uuid    not null,
  job       uuid    not null,
  at        bigint  not null,
  -- Whether it had ended, and whether it was removed: then all that belongs to it is kept as long as this.
  has_ended boolean not null,
  removed   boolean not null,
  -- Whether others waited for it or its batch, and whether it kept its lane.
  awaited   boolean not null,
  blocks    boolean not null,
  -- Its row of pending, or of finished.
  was       json    not null,
  primary key (operation, job)
);

create index operation_job_removed on windlass.operation_job (job) where removed;

-- Counts a job that has ended, or takes it from the counts.
create function windlass.count_ended(ended windlass.finished, jobs bigint) returns void language sql volatile as
$$
  insert into windlass.job_count (queue, state, prune_day, jobs)
  values (ended.queue, ended.state, case ended.state when 7 then null else (ended.prune_at / 86400000000)::int4 end, count_ended.jobs)
$$;

-- Puts a job back that had ended; it keeps its lane again where it did.
create function windlass.put_back_ended(noted windlass.operation_job, ended windlass.finished) returns void language plpgsql volatile as
$$
begin
  insert into windlass.finished select (ended).*;
  perform windlass.count_ended(ended, 1);
  if noted.blocks and windlass.line_in(ended.meta) is not null then
    insert into windlass.permit (gate, job, lease, place, blocks)
    values (windlass.line_in(ended.meta), noted.job, '00000000-0000-0000-0000-000000000000', 1, true)
    on conflict do nothing;
  end if;
end
$$;

-- A job that was retried and has not begun: it ends as it had, or waits as it did. What waits for a worker that knows it may
-- have been moved out of the way. Returns why not.
create function windlass.undo_retry(noted windlass.operation_job, us bigint) returns text language plpgsql volatile as
$$
declare
  was   windlass.pending  := json_populate_record(null::windlass.pending, noted.was);
  ended windlass.finished := case when noted.has_ended then json_populate_record(null::windlass.finished, noted.was) end;
begin
  perform from windlass.pending p
  where p.id = noted.job and p.state in (0, 2) and p.run_at = noted.at and p.attempt = was.attempt
    and p.queue = was.queue and p.version = was.version and p.args = was.args
  for update;
  if not found then
    return 'touched';
  end if;
  if noted.has_ended and (
    exists (select from windlass.condition c
            where c.awaits = noted.job and c.state = 0 and (c.or_cancel or c.ends & (1 << (ended.state - 5)) <> 0))
    or exists (select from windlass.member m join windlass.condition c on c.awaits = m.batch and c.state = 0
               where m.job = noted.job)) then
    return 'awaited';
  end if;
  delete from windlass.pending p where p.id = noted.job;
  if noted.has_ended then
    perform windlass.put_back_ended(noted, ended);
    perform windlass.tell_ends(us, array[noted.job], ended.state);
  else
    insert into windlass.pending select (was).*;
  end if;
  return null;
end
$$;

-- A job that was cancelled: it goes on where it was. Returns why not.
create function windlass.undo_cancel(noted windlass.operation_job, us bigint) returns text language plpgsql volatile as
$$
declare
  was   windlass.pending := json_populate_record(null::windlass.pending, noted.was);
  ended windlass.finished;
begin
  select f.* into ended from windlass.finished f
  where f.id = noted.job and f.state = 6 and f.finished_at = noted.at and f.attempt = was.attempt
  for update;
  if not found then
    return 'touched';
  elsif noted.awaited then
    return 'awaited';
  end if;
  if was.state = -1 and exists (
    select from windlass.condition c
    where c.job = noted.job and c.state = 0 and (
      c.awaits is not null and (exists (select from windlass.finished f where f.id = c.awaits)
                                or exists (select from windlass.batch b where b.id = c.awaits and not b.live))
      or c.signal is not null and exists (select from windlass.signal s where s.key = c.signal and s.came_at is not null))) then
    return 'came';
  elsif windlass.stays_undone(noted.job) is not null then
    return 'workflow_undone';
  elsif not windlass.retake_key(noted.job, was.kind, was.meta, was.attempt, us) then
    return 'key_held';
  end if;
  delete from windlass.finished f where f.id = noted.job and f.prune_at = ended.prune_at;
  insert into windlass.pending select (was).*;
  perform windlass.count_ended(ended, -1);
  perform windlass.rejoin_batches(array[noted.job]);
  if was.state = 2 then
    perform windlass.wake(array[was.queue]);
  end if;
  return null;
end
$$;

-- A job that was moved and has not been claimed: it is on its queue again. Returns why not.
create function windlass.undo_move(noted windlass.operation_job, from_queue text) returns text language plpgsql volatile as
$$
declare
  was windlass.pending := json_populate_record(null::windlass.pending, noted.was);
begin
  update windlass.pending p set queue = was.queue, priority = was.priority, meta = was.meta
  where p.id = noted.job and p.queue = from_queue and p.attempt = was.attempt and p.args = was.args;
  if not found then
    return 'touched';
  end if;
  if was.state = 2 then
    perform windlass.wake(array[was.queue]);
  end if;
  return null;
end
$$;

-- A job that was deleted is there again. Returns why not.
create function windlass.undo_delete(noted windlass.operation_job) returns text language plpgsql volatile as
$$
declare
  ended windlass.finished := json_populate_record(null::windlass.finished, noted.was);
begin
  if exists (select from windlass.pending p where p.id = noted.job) or windlass.is_elsewhere(noted.job) then
    return 'touched';
  end if;
  perform windlass.put_back_ended(noted, ended);
  insert into windlass.job_count (queue, state, prune_day, jobs) values (ended.queue, 8, null, -1);
  return null;
end
$$;

-- Puts the next jobs of an operation back. Returns them, each with why it was not.
create function windlass.undo_jobs(of_operation uuid, us bigint, most bigint, out job uuid, out why text) returns setof record
language plpgsql volatile as
$$
declare
  own   windlass.operation;
  noted windlass.operation_job;
begin
  select o.* into own from windlass.operation o where o.id = of_operation;
  for noted in
    select n.* from windlass.operation_job n where n.operation = of_operation order by n.job limit most
  loop
    job := noted.job;
    why := case own.action when 'retry' then windlass.undo_retry(noted, us)
                           when 'cancel' then windlass.undo_cancel(noted, us)
                           when 'move' then windlass.undo_move(noted, own.detail)
                           else windlass.undo_delete(noted) end;
    delete from windlass.operation_job n where n.operation = of_operation and n.job = noted.job;
    return next;
  end loop;
end
$$;
