-- Inside a job: what its handler has done, how far it is, and what it says.

-- The steps of jobs, in their order: what a handler need not do again. The rows are kept as long as the job.
create table windlass_step (
  job        blob    not null,
  nth        integer not null,
  name       text    not null,
  -- 0 work · 1 sleep · 2 wait for a signal
  form       integer not null check (form between 0 and 2),
  -- What it returned; null while it has not.
  output     text,
  -- Until when it sleeps, or waits at most.
  until      integer,
  at         integer not null,
  -- When its job was written: an id may come again once its job is gone.
  created_at integer not null,
  primary key (job, nth)
) strict, without rowid;

-- How far jobs are by their own account, and where they go on. An account replaces those of earlier attempts, and of its own
-- attempt those with a smaller number.
create table windlass_progress (
  job           blob    not null primary key,
  checkpoint    text,
  checkpoint_at integer,
  attempt       integer,
  account       integer,
  percent       real,
  note          text,
  done          integer,
  total         integer,
  at            integer,
  created_at    integer not null
) strict, without rowid;

-- What attempts have said.
create table windlass_log_line (
  job     blob    not null,
  attempt integer not null,
  nth     integer not null,
  at      integer not null,
  -- 0 trace · 1 debug · 2 info · 3 warn · 4 error
  level   integer not null check (level between 0 and 4),
  text    text    not null,
  primary key (job, attempt, nth)
) strict, without rowid;

-- The steps, the progress and the log lines of jobs for every language, as windlass_job has the jobs.
create view windlass_job_step as
select job, nth, name, case form when 0 then 'work' when 1 then 'sleep' else 'wait' end as form, output, until, at
from windlass_step;

create view windlass_job_progress as
select job, percent, note, done, total, attempt, at, checkpoint, checkpoint_at from windlass_progress;

create view windlass_job_log as
select job, attempt, nth, at, case level when 0 then 'trace' when 1 then 'debug' when 2 then 'info' when 3 then 'warn' else 'error' end as level,
       text
from windlass_log_line;
