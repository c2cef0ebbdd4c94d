-- Batches: jobs that belong together. A batch ends when all of them have; a workflow is one whose jobs have names.

-- It is kept as long as one of its jobs, and some days after its end. Its id is 32 digits: SQL can make bytes of no text.
create table windlass_batch (
  id         text    not null primary key,
  name       text,
  key        text    unique,
  -- The workflow whose steps it undoes.
  undoes     text,
  created_at integer not null,
  -- Whether no more jobs come from outside: only then does it end.
  sealed     integer not null default 1,
  -- Whether jobs may come and end: all have not ended, or one of them was retried since.
  live       integer not null default 1,
  -- 5 all were completed · 7 they were not
  ended      integer check (ended in (5, 7)),
  ended_at   integer
) strict, without rowid;

create index windlass_batch_live on windlass_batch (id) where live;
create index windlass_batch_name on windlass_batch (name, id) where name is not null;
create index windlass_batch_undoes on windlass_batch (undoes) where undoes is not null;

-- Which jobs are in which batch, and how they have ended, which is kept when they are pruned.
create table windlass_member (
  job    blob    not null primary key,
  batch  text    not null,
  step   text,
  -- 5 completed · 6 cancelled · 7 dead; null while it has not ended
  ended  integer check (ended between 5 and 7)
) strict, without rowid;

create index windlass_member_batch on windlass_member (batch, job);
create index windlass_member_open on windlass_member (batch) where ended is null;
create index windlass_member_failed on windlass_member (batch) where ended > 5;

-- Puts a job that was just written, with this meta, into its batch, which begins with it or has not ended. One that its key kept
-- out still begins it.
create view windlass_join as select id as job, created_at as at, meta from windlass_pending where false;

create trigger windlass_join_insert instead of insert on windlass_join
begin
  select raise(abort, 'windlass: there is a batch with this key')
  from windlass_batch where key = new.meta ->> '$.member.begins.key' and id <> new.meta ->> '$.member.of';
  select raise(abort, 'windlass: the batch has begun before')
  from windlass_batch where id = new.meta ->> '$.member.of' and json_type(new.meta, '$.member.begins') = 'object';
  insert into windlass_batch (id, name, key, undoes, created_at)
  select new.meta ->> '$.member.of', new.meta ->> '$.member.begins.name', new.meta ->> '$.member.begins.key',
         new.meta ->> '$.member.begins.undoes', new.at
  where json_type(new.meta, '$.member.begins') = 'object';
  select case (select live from windlass_batch where id = new.meta ->> '$.member.of')
           when 1 then null when 0 then raise(abort, 'windlass: the batch has ended')
           else raise(abort, 'windlass: the batch does not exist') end
  where exists (select 1 from windlass_pending where id = new.job);
  insert into windlass_member (job, batch, step)
  select new.job, new.meta ->> '$.member.of', new.meta ->> '$.member.step'
  where exists (select 1 from windlass_pending where id = new.job);
end;

-- Notes how a job has ended in its batch.
create trigger windlass_ended_member instead of insert on windlass_ended_job
when exists (select 1 from windlass_member where job = new.job and ended is not new.state)
begin
  update windlass_member set ended = new.state where job = new.job;
  insert into windlass_end_batch (batch, at) select batch, new.at from windlass_member where job = new.job;
end;

-- Ends a batch whose jobs have all ended, and meets the conditions of those who wait for that.
create view windlass_end_batch as select id as batch, created_at as at from windlass_batch where false;

create trigger windlass_end_batch_insert instead of insert on windlass_end_batch
when exists (select 1 from windlass_batch where id = new.batch and live and sealed)
  and not exists (select 1 from windlass_member where batch = new.batch and ended is null)
begin
  update windlass_batch
  set live = 0, ended_at = new.at,
      ended = case when exists (select 1 from windlass_member m where m.batch = new.batch and m.ended > 5) then 7 else 5 end
  where id = new.batch;
  insert into windlass_met (job, nth, at)
  select c.job, c.nth, new.at from windlass_condition c join windlass_batch b on b.id = c.batch
  where c.batch = new.batch and c.state = 0 and (c.ends & (1 << (b.ended - 5))) <> 0;
  insert or ignore into windlass_unmet (job)
  select c.job from windlass_condition c join windlass_batch b on b.id = c.batch
  where c.batch = new.batch and c.state = 0 and c.or_cancel and (c.ends & (1 << (b.ended - 5))) = 0;
end;

-- No more jobs come from outside: insert into windlass_seal (batch) values ('…32 digits…'). The batch ends with the last of its own.
create view windlass_seal as select id as batch, created_at as at from windlass_batch where false;

create trigger windlass_seal_insert instead of insert on windlass_seal
begin
  select raise(abort, 'windlass: the batch does not exist') where not exists (select 1 from windlass_batch where id = new.batch);
  update windlass_batch set sealed = 1 where id = new.batch;
  insert into windlass_end_batch (batch, at) select new.batch, coalesce(new.at, n) from windlass_fresh;
end;

-- Batches as they stand, for people.
create view windlass_batches as
select b.id, b.name, b.key, b.created_at, case when not b.live then b.ended_at end as ended_at, b.sealed,
       case when b.live then null when b.ended = 5 then 'completed' when b.ended = 7 then 'failed' end as ended,
       count(m.job) as jobs, count(m.job) filter (where m.ended is null) as open,
       count(m.job) filter (where m.ended = 5) as completed, count(m.job) filter (where m.ended = 6) as cancelled,
       count(m.job) filter (where m.ended = 7) as dead
from windlass_batch b left join windlass_member m on m.batch = b.id
group by b.id;

-- Opens a batch whose jobs come later, with its id in their meta as {"member": {"of": "…"}}: insert into windlass_open_batch
-- (id, name, key) values (lower(hex(randomblob(16))), 'prices', null).
create view windlass_open_batch as select id, name, key from windlass_batch where false;

create trigger windlass_open_batch_insert instead of insert on windlass_open_batch
begin
  select case
    when typeof(new.id) <> 'text' or length(new.id) <> 32 or new.id glob '*[^0-9a-f]*'
      then raise(abort, 'windlass: a batch''s id has 32 digits of 0 to 9 and a to f')
    when length(cast(new.name as blob)) not between 1 and 128 or length(cast(new.key as blob)) not between 1 and 256
      then raise(abort, 'windlass: a batch''s name has 1 to 128 bytes, its key 1 to 256')
    when exists (select 1 from windlass_batch where key = new.key)
      then raise(abort, 'windlass: there is a batch with this key')
  end;
  insert into windlass_batch (id, name, key, created_at, sealed) select new.id, new.name, new.key, n, 0 from windlass_fresh;
end;
