-- Inside a job: what its handler has done, how far it is, and what it says.

-- The steps of jobs, in their order: what a handler need not do again. The rows are kept as long as the job.
create table windlass.step (
  job        uuid     not null,
  nth        integer  not null,
  name       text     not null,
  -- 0 work · 1 sleep · 2 wait for a signal
  form       smallint not null check (form between 0 and 2),
  -- What it returned; null while it has not.
  output     text,
  -- Until when it sleeps, or waits at most.
  until      bigint,
  at         bigint   not null,
  -- When its job was written: an id may come again once its job is gone.
  created_at bigint   not null,
  primary key (job, nth)
);

-- How far jobs are by their own account, and where they go on. An account replaces those of earlier attempts, and of its own
-- attempt those with a smaller number.
create table windlass.progress (
  job           uuid   not null primary key,
  checkpoint    text,
  checkpoint_at bigint,
  attempt       integer,
  account       bigint,
  percent       double precision,
  note          text,
  done          bigint,
  total         bigint,
  at            bigint,
  created_at    bigint not null
) with (fillfactor = 70);

-- What attempts have said.
create table windlass.log_line (
  job     uuid     not null,
  attempt integer  not null,
  nth     integer  not null,
  at      bigint   not null,
  -- 0 trace · 1 debug · 2 info · 3 warn · 4 error
  level   smallint not null check (level between 0 and 4),
  text    text     not null,
  primary key (job, attempt, nth)
);

-- The places of leases at which these attempts are held by their workers, locked until the transaction ends. A settlement and a
-- rescue take their leases for update, and go round those that are locked: so of one of them and a write of an attempt at
-- the same moment one wins. A transaction in which another job of the lease is finished is not waited for.
create function windlass.hold(leases uuid[], workers uuid[], places smallint[]) returns setof integer language sql volatile as
$$
  select a.nth::integer
  from unnest(leases, workers, places) with ordinality as a(lease, worker, place, nth)
  join windlass.lease l on l.id = a.lease and l.worker = a.worker and get_bit(l.settled, a.place - 1) = 0
  for key share of l skip locked
$$;

-- How a write of an attempt ended that did not hold its place: 1 where it is not held any more, 2 where it is locked.
create function windlass.not_held(the_lease uuid, the_worker uuid, place smallint) returns integer language sql volatile as
$$
  select case when exists (select from windlass.lease l where l.id = the_lease and l.worker = the_worker
                           and get_bit(l.settled, place - 1) = 0) then 2 else 1 end
$$;

-- Removes what belongs to jobs that are gone from step, progress or log_line, among the next rows of a walk in the order of the
-- jobs, those before the last. Returns the last job it looked at, or null at the end, and how many it removed.
create function windlass.forget_inside(of_table text, after_job uuid, before_job uuid, most integer, out last_job uuid, out removed integer)
language plpgsql volatile as
$$
declare
  seen uuid[];
begin
  execute format('select array_agg(t.job) from (select job from windlass.%I where job > $1 and job < $2 order by job limit $3) as t',
                 of_table)
  into seen using after_job, before_job, most;
  if cardinality(seen) >= most then
    last_job := seen[most];
  end if;
  -- One snapshot, so that a job on its way from one place to the next is seen in one of them.
  execute format('delete from windlass.%I t where t.job = any ($1)
                    and not exists (select from windlass.pending p where p.id = t.job)
                    and not exists (select from windlass.finished f where f.id = t.job)
                    and not exists (select from windlass.operation_job o where o.job = t.job and o.removed)
                    and t.job not in (select id from windlass.running_job)', of_table)
  using seen;
  get diagnostics removed = row_count;
end
$$;

-- The steps, the progress and the log lines of jobs for every language, as windlass.job has the jobs.
create view windlass.job_step as
select job, nth, name, case form when 0 then 'work' when 1 then 'sleep' else 'wait' end as form, output,
       windlass.moment(until) as until, windlass.moment(at) as at
from windlass.step;

create view windlass.job_progress as
select job, percent, note, done, total, attempt, windlass.moment(at) as at, checkpoint, windlass.moment(checkpoint_at) as checkpoint_at
from windlass.progress;

create view windlass.job_log as
select job, attempt, nth, windlass.moment(at) as at,
       (array['trace', 'debug', 'info', 'warn', 'error'])[level + 1] as level, text
from windlass.log_line;
