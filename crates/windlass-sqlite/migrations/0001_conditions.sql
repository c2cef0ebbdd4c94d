-- Conditions: what jobs wait for, and what has come.

-- What a job waits for: another job's end, a signal or a moment; and its deadline, which says what happens to it then. It
-- waits, in state -1, until enough of them are met. The rows are kept as long as the job, for its handler and for people.
create table windlass_condition (
  job     blob    not null,
  nth     integer not null,
  name    text    not null,
  -- A job, and how it may end: the sum of 1 completed, 2 cancelled and 4 dead.
  awaits  blob,
  ends    integer check ((ends is null) = (awaits is null and batch is null)),
  signal  text,
  at      integer,
  -- Of a deadline alone: 0 it runs · 1 it is cancelled · 2 it is dead
  overdue integer check (overdue between 0 and 2),
  -- 0 open · 1 met · 2 waived · 3 withdrawn
  state   integer not null default 0 check (state between 0 and 3),
  since   integer,
  data    text,
  note    text,
  -- A batch, likewise
  batch   text,
  -- Whether the job is cancelled when what it waits for has ended in another way
  or_cancel integer not null default 0,
  primary key (job, nth)
) strict, without rowid;

-- Whether a job waits for anything still, beyond its first eight: it may have a thousand, and most have few.
create index windlass_condition_open on windlass_condition (job) where state = 0 and nth > 8;
create index windlass_condition_awaits on windlass_condition (awaits) where state = 0 and awaits is not null;
create index windlass_condition_batch on windlass_condition (batch) where state = 0 and batch is not null;
create index windlass_condition_signal on windlass_condition (signal) where signal is not null;
create index windlass_condition_at on windlass_condition (at) where state = 0 and at is not null;

-- Jobs that wait for what has ended in another way, and are to be cancelled: by the step that ended it, or by the sweep.
create table windlass_unmet (
  job blob not null primary key
) strict, without rowid;

-- What was signalled, and what came of the last call with each key.
create table windlass_signalled (
  key        text    not null primary key,
  came_at    integer not null,
  withdrawn  integer not null,
  data       text,
  origin     text,
  times      integer not null,
  last_at    integer not null,
  answer     text    not null,
  conditions integer not null
) strict, without rowid;

create index windlass_signalled_last on windlass_signalled (last_at);

-- Makes a job that waits available, or scheduled where it is not due yet.
create view windlass_end_wait as select id as job, run_at as at from windlass_pending where false;

create trigger windlass_end_wait_insert instead of insert on windlass_end_wait
begin
  update windlass_pending
  set state = case when run_at > new.at then 1 else 2 end, run_at = max(run_at, new.at)
  where id = new.job and state = -1;
end;

-- Ends the wait of a job for which enough conditions are met.
create view windlass_release as select id as job, run_at as at from windlass_pending where false;

create trigger windlass_release_insert instead of insert on windlass_release
begin
  insert into windlass_end_wait (job, at)
  select id, new.at from windlass_pending
  where id = new.job and state = -1
    and case when not exists (select 1 from windlass_condition c where c.job = new.job and c.nth between 1 and 8 and c.state = 0)
              and not exists (select 1 from windlass_condition c indexed by windlass_condition_open
                              where c.job = new.job and c.state = 0 and c.nth > 8) then 1
             when instr(meta, '"needed"') = 0 then 0
             -- Of those that it waits for now: a handler may wait more than once.
             else (select count(*) from windlass_condition c where c.job = new.job and c.state in (1, 2) and c.overdue is null
                     and c.name in (select e.value ->> '$.name' from json_each(meta, '$.waits.for') e))
                  >= (meta ->> '$.waits.needed') end;
end;

-- Meets the conditions of those who wait for a job to end, which has ended in this state.
create view windlass_ended_job as select id as job, state, run_at as at from windlass_pending where false;

create trigger windlass_ended_job_insert instead of insert on windlass_ended_job
when exists (select 1 from windlass_condition where awaits = new.job and state = 0 and awaits is not null)
begin
  insert into windlass_met (job, nth, at)
  select c.job, c.nth, new.at from windlass_condition c
  where c.awaits = new.job and c.state = 0 and c.awaits is not null and (c.ends & (1 << (new.state - 5))) <> 0;
  insert or ignore into windlass_unmet (job)
  select c.job from windlass_condition c
  where c.awaits = new.job and c.state = 0 and c.awaits is not null and c.or_cancel and (c.ends & (1 << (new.state - 5))) = 0;
end;

-- Meets one condition, of a job that waits.
create view windlass_met as select job, nth, at from windlass_condition where false;

create trigger windlass_met_insert instead of insert on windlass_met
when exists (select 1 from windlass_pending where id = new.job and state = -1)
begin
  update windlass_condition set state = 1, since = new.at where job = new.job and nth = new.nth and state = 0;
  insert into windlass_release (job, at) values (new.job, new.at);
end;

-- Notes one thing that a job waits for, or that it has come before. Behind those of before, where a handler waits once more.
create view windlass_ask as
select job, nth, name, awaits, batch, or_cancel, ends, signal, at, since as asked_at from windlass_condition where false;

create trigger windlass_ask_insert instead of insert on windlass_ask
begin
  insert into windlass_condition (job, nth, name, awaits, batch, or_cancel, ends, signal, at, state, since, data, note)
  select new.job, new.nth, new.name, new.awaits, new.batch, new.or_cancel and ends is not null, ends, new.signal, new.at, state,
         case when state <> 0 then new.asked_at end, data, origin
  from (
    select case when coalesce(new.awaits, new.batch) is not null then new.ends end as ends,
           case when s.key is not null then case when s.withdrawn then 3 else 1 end
                when new.at <= new.asked_at then 1
                when new.awaits is not null and exists (
                  select 1 from windlass_finished f where f.id = new.awaits and (new.ends & (1 << (f.state - 5))) <> 0) then 1
                when new.batch is not null and exists (
                  select 1 from windlass_batch b
                  where b.id = new.batch and not b.live and (new.ends & (1 << (b.ended - 5))) <> 0) then 1
                else 0 end as state, s.data, s.origin
    from (select 1) left join windlass_signalled s on s.key = new.signal);
end;

-- Begins the wait for all that was asked for. It fails where that is a job or a batch that is not there.
create view windlass_asked as select id as job, run_at as at from windlass_pending where false;

create trigger windlass_asked_insert instead of insert on windlass_asked
begin
  select raise(abort, 'windlass: a job that it waits for does not exist')
  from windlass_condition c
  where c.job = new.job and c.state = 0 and c.awaits is not null
    and (c.awaits = new.job
         or not exists (select 1 from windlass_pending where id = c.awaits)
            and not exists (select 1 from windlass_finished where id = c.awaits));
  select raise(abort, 'windlass: a batch that it waits for does not exist')
  from windlass_condition c
  where c.job = new.job and c.state = 0 and c.batch is not null and not exists (select 1 from windlass_batch where id = c.batch);
  insert into windlass_condition (job, nth, name, at, overdue)
  select id, 0, 'deadline', coalesce(meta ->> '$.waits.deadline.at', new.at + (meta ->> '$.waits.deadline.in_us')),
         case meta ->> '$.waits.deadline.then' when 'cancel' then 1 when 'die' then 2 else 0 end
  from windlass_pending where id = new.job and json_type(meta, '$.waits.deadline') = 'object';
  -- One whose jobs were all kept out by their keys has none, and ends.
  insert into windlass_end_batch (batch, at)
  select c.batch, new.at from windlass_condition c where c.job = new.job and c.state = 0 and c.batch is not null;
  insert into windlass_release (job, at) values (new.job, new.at);
  insert or ignore into windlass_unmet (job)
  select c.job from windlass_condition c
  left join windlass_finished f on f.id = c.awaits left join windlass_batch b on b.id = c.batch and not b.live
  where c.job = new.job and c.state = 0 and c.or_cancel and (c.ends & (1 << (coalesce(f.state, b.ended) - 5))) = 0;
end;

-- The same for what the meta of a job says that was just written. Bytes are looked up, since the SQLite of a program may know no
-- unhex. The limits have each text read once.
create view windlass_wait as select id as job, run_at as at from windlass_pending where false;

create trigger windlass_wait_insert instead of insert on windlass_wait
begin
  insert into windlass_ask (job, nth, name, awaits, batch, or_cancel, ends, signal, at, asked_at)
  select job, nth + coalesce((select max(c.nth) from windlass_condition c where c.job = new.job), 0), name, awaits, batch, or_cancel,
         ends, signal, at, new.at
  from (
    select job, nth, c ->> '$.name' as name, c ->> '$.signal' as signal, c ->> '$.at' as at, coalesce(c ->> '$.ends', 1) as ends,
             c ->> '$.batch' as batch, or_cancel,
               case when u is not null then cast(
                 substr(byte, 16 * instr(hex, substr(u,  1, 1)) + instr(hex, substr(u,  2, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u,  3, 1)) + instr(hex, substr(u,  4, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u,  5, 1)) + instr(hex, substr(u,  6, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u,  7, 1)) + instr(hex, substr(u,  8, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u,  9, 1)) + instr(hex, substr(u, 10, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u, 11, 1)) + instr(hex, substr(u, 12, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u, 13, 1)) + instr(hex, substr(u, 14, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u, 15, 1)) + instr(hex, substr(u, 16, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u, 17, 1)) + instr(hex, substr(u, 18, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u, 19, 1)) + instr(hex, substr(u, 20, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u, 21, 1)) + instr(hex, substr(u, 22, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u, 23, 1)) + instr(hex, substr(u, 24, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u, 25, 1)) + instr(hex, substr(u, 26, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u, 27, 1)) + instr(hex, substr(u, 28, 1)) - 16, 1)
              || substr(byte, 16 * instr(hex, substr(u, 29, 1)) + instr(hex, substr(u, 30, 1)) - 16, 1) || substr(byte, 16 * instr(hex, substr(u, 31, 1)) + instr(hex, substr(u, 32, 1)) - 16, 1)
               as blob) end as awaits
      from (
        select p.id as job, e.key + 1 as nth, e.value as c, coalesce(p.meta ->> '$.waits.or_cancel', 0) as or_cancel,
               lower(replace(e.value ->> '$.job', '-', '')) as u, '0123456789abcdef' as hex,
               x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff' as byte
        from windlass_pending p, json_each(p.meta, '$.waits.for') e where p.id = new.job limit 1000000)
    limit 1000000);
  insert into windlass_asked (job, at) values (new.job, new.at);
end;

-- Has a job wait for what its handler asks for, which its meta says by now. What it waited for before stays for its handler and for
-- people, and is not waited for any more; one of the same name gives way.
create view windlass_begin_wait as select id as job, run_at as at from windlass_pending where false;

create trigger windlass_begin_wait_insert instead of insert on windlass_begin_wait
begin
  delete from windlass_condition
  where job = new.job and (overdue is not null or name in (select e.value ->> '$.name' from windlass_pending p, json_each(p.meta, '$.waits.for') e where p.id = new.job));
  update windlass_condition set state = 3, since = new.at where job = new.job and state = 0;
  insert into windlass_wait (job, at) values (new.job, new.at);
end;

-- Signals for every language: insert into windlass_signal (key, data) values ('wrap-up:42', '{}'), or with withdrawn 1 where it
-- will not come. Of the inserts with one key the first one counts. What came of the last one says its answer: met · kept
-- (nobody has waited for it yet) · duplicate · late (those who waited do not any more).
create view windlass_signal as
select key, data, withdrawn, origin, came_at, times, last_at, answer, conditions from windlass_signalled;

create trigger windlass_signal_insert instead of insert on windlass_signal
begin
  select case
    when typeof(new.key) <> 'text' or length(cast(new.key as blob)) not between 1 and 256 or instr(new.key, char(0)) > 0
      then raise(abort, 'windlass: a signal''s key has 1 to 256 bytes without NUL')
    when new.data is not null and not json_valid(new.data) then raise(abort, 'windlass: data are not JSON')
    when length(cast(new.data as blob)) > 262144 then raise(abort, 'windlass: data are above the limit of 262144 bytes')
    when coalesce(new.withdrawn, 0) not in (0, 1) then raise(abort, 'windlass: withdrawn is 0 or 1')
  end;
  insert into windlass_signalled (key, came_at, withdrawn, data, origin, times, last_at, answer, conditions)
  select new.key, coalesce(new.came_at, n), coalesce(new.withdrawn, 0), new.data, coalesce(new.origin, 'sql'), 1,
         coalesce(new.came_at, n), 'kept', 0
  from windlass_fresh where true
  on conflict (key) do update
  set times = times + 1, last_at = excluded.last_at, answer = 'duplicate', conditions = 0;
  update windlass_signalled
  set conditions = (select count(*) from windlass_condition c join windlass_pending p on p.id = c.job and p.state = -1
                    where c.signal = new.key and c.state = 0),
      answer = case when exists (select 1 from windlass_condition c join windlass_pending p on p.id = c.job and p.state = -1
                                 where c.signal = new.key and c.state = 0) then 'met'
                    when exists (select 1 from windlass_condition c where c.signal = new.key) then 'late' else 'kept' end
  where key = new.key and times = 1;
  update windlass_condition
  set state = case when coalesce(new.withdrawn, 0) then 3 else 1 end, data = new.data,
      since = (select came_at from windlass_signalled s where s.key = new.key),
      note = (select origin from windlass_signalled s where s.key = new.key)
  where signal = new.key and state = 0
    and exists (select 1 from windlass_signalled s where s.key = new.key and s.times = 1)
    and exists (select 1 from windlass_pending p where p.id = windlass_condition.job and p.state = -1);
  insert into windlass_release (job, at)
  select c.job, s.came_at from windlass_condition c join windlass_signalled s on s.key = c.signal
  where c.signal = new.key and s.times = 1;
end;

-- A person lets a job pass one of its conditions: insert into windlass_waive (job, name, note) values (x'…', 'wrap-up', 'the host is
-- gone'). One that the job does not wait for any more stays as it is. A moment may be given.
create view windlass_waive as select job, name, note, since as at from windlass_condition where false;

create trigger windlass_waive_insert instead of insert on windlass_waive
begin
  select case
    when length(cast(new.note as blob)) > 8192 then raise(abort, 'windlass: a note is above the limit of 8192 bytes')
    when not exists (select 1 from windlass_condition where job = new.job and name = new.name and nth > 0)
      then raise(abort, 'windlass: the job has no condition of this name')
  end;
  update windlass_condition
  set state = 2, since = coalesce(new.at, (select n from windlass_fresh)), note = new.note
  where job = new.job and name = new.name and nth > 0 and state = 0
    and exists (select 1 from windlass_pending p where p.id = new.job and p.state = -1);
  insert into windlass_release (job, at) select new.job, coalesce(new.at, n) from windlass_fresh;
end;
