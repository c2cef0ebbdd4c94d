-- Schedules: what is enqueued again and again. next_at is when the leader looks at one next: 0 where its next due time is
-- to be computed, which SQL cannot, and the largest number where it is paused or removed, or cannot be read. Every write
-- changes the revision, and one on the strength of a look names the one it saw.
create table windlass_schedule (
  name           text    not null primary key,
  rule           text    not null,
  zone           text    not null,
  on_missed      text    not null check (on_missed in ('none', 'one', 'all')),
  on_overlap     text    not null check (on_overlap in ('skip', 'queue', 'allow')),
  kind           text    not null,
  version        integer not null,
  queue          text    not null,
  priority       integer not null,
  max_attempts   integer,
  args           text    not null,
  meta           text,
  owner          text    not null check (owner in ('code', 'config', 'person')),
  changed_by     text    not null,
  changed_at     integer not null,
  -- what a program declared last, and what was declared before that was something else
  declared       text,
  declared_owner text,
  declared_by    text,
  declared_at    integer,
  replaced       text,
  replaced_owner text,
  replaced_by    text,
  replaced_at    integer,
  contested_at   integer,
  paused_at      integer,
  note           text,
  removed_at     integer,
  from_at        integer not null,
  next_at        integer not null,
  queued_due_at  integer,
  last_due_at    integer,
  last_job       blob,
  fired          integer not null default 0,
  skipped        integer not null default 0,
  missed         integer not null default 0,
  error          text,
  revision       integer not null
) strict, without rowid;

create index windlass_schedule_due on windlass_schedule (next_at);
create index windlass_schedule_queued on windlass_schedule (name) where queued_due_at is not null;

-- The way in for every language: insert into windlass_put_schedule (name, rule, kind) values ('nightly', '30 2 * * *', 'report').
-- The columns behind kind have defaults. What does not parse shows as an error of the schedule, once the leader has seen it.
create view windlass_put_schedule as
select name, rule, kind, args, zone, on_missed, on_overlap, version, queue, priority, max_attempts, changed_by
from windlass_schedule where false;

create trigger windlass_put_schedule_insert instead of insert on windlass_put_schedule
begin
  select
    case
      when new.name is null or typeof(new.name) <> 'text' or length(new.name) not between 1 and 128
           or new.name glob '*[^-A-Za-z0-9._:/]*'
        then raise(abort, 'windlass: name must be up to 128 letters, digits and . _ - : /')
      when new.kind is null or typeof(new.kind) <> 'text' or length(new.kind) not between 1 and 128
           or new.kind glob '*[^-A-Za-z0-9._:/]*'
        then raise(abort, 'windlass: kind must be up to 128 letters, digits and . _ - : /')
      when new.queue is not null and (typeof(new.queue) <> 'text' or length(new.queue) not between 1 and 128
                                      or new.queue glob '*[^-A-Za-z0-9._:/]*')
        then raise(abort, 'windlass: queue must be up to 128 letters, digits and . _ - : /')
      when new.rule is null or typeof(new.rule) <> 'text' or length(cast(new.rule as blob)) not between 1 and 256
           or instr(new.rule, char(0)) > 0
        then raise(abort, 'windlass: rule must be a cron line or an interval such as every 15m, of at most 256 bytes')
      when new.zone is not null and (typeof(new.zone) <> 'text' or length(new.zone) not between 1 and 128
                                     or instr(new.zone, char(0)) > 0)
        then raise(abort, 'windlass: zone must be the name of a time zone')
      when new.args is not null and length(cast(new.args as blob)) > 262144
        then raise(abort, 'windlass: args are above the limit of 262144 bytes')
      when new.args is not null and not json_valid(new.args) then raise(abort, 'windlass: args are not JSON')
      when instr(new.args, '\u0000') > 0 or instr(new.args, char(0)) > 0
        then raise(abort, 'windlass: args contain a NUL character')
      when coalesce(new.on_missed, 'one') not in ('none', 'one', 'all')
        then raise(abort, 'windlass: on_missed must be none, one or all')
      when coalesce(new.on_overlap, 'skip') not in ('skip', 'queue', 'allow')
        then raise(abort, 'windlass: on_overlap must be skip, queue or allow')
      when new.priority is not null and (typeof(new.priority) <> 'integer' or new.priority not between -32768 and 32767)
        then raise(abort, 'windlass: priority must be a number from -32768 to 32767')
      when new.version is not null and (typeof(new.version) <> 'integer' or new.version not between 1 and 32767)
        then raise(abort, 'windlass: version must be a number from 1 to 32767')
      when new.max_attempts is not null and (typeof(new.max_attempts) <> 'integer' or new.max_attempts not between 0 and 32767)
        then raise(abort, 'windlass: max_attempts must be a number from 0, which never gives up, to 32767')
    end;
  insert into windlass_schedule
    (name, rule, kind, args, zone, on_missed, on_overlap, version, queue, priority, max_attempts, owner, changed_by,
     changed_at, from_at, next_at, revision)
  select new.name, new.rule, new.kind, coalesce(new.args, 'null'), coalesce(new.zone, 'UTC'), coalesce(new.on_missed, 'one'),
         coalesce(new.on_overlap, 'skip'), coalesce(new.version, 1), coalesce(new.queue, 'default'),
         coalesce(new.priority, 0), new.max_attempts, 'person', coalesce(new.changed_by, 'sql'), n, n, 0, n
  from windlass_fresh where true
  on conflict (name) do update
  set kind = excluded.kind, args = excluded.args, on_missed = excluded.on_missed, on_overlap = excluded.on_overlap,
      version = excluded.version, queue = excluded.queue, priority = excluded.priority, max_attempts = excluded.max_attempts,
      meta = null, owner = 'person', changed_by = excluded.changed_by, changed_at = excluded.changed_at,
      rule = excluded.rule, zone = excluded.zone, removed_at = null, revision = windlass_schedule.revision + 1,
      from_at = case when windlass_schedule.rule = excluded.rule and windlass_schedule.zone = excluded.zone
                          and windlass_schedule.removed_at is null and windlass_schedule.error is null
                     then windlass_schedule.from_at else excluded.from_at end,
      next_at = case when windlass_schedule.rule = excluded.rule and windlass_schedule.zone = excluded.zone
                          and windlass_schedule.removed_at is null and windlass_schedule.error is null
                     then windlass_schedule.next_at
                     when windlass_schedule.paused_at is null then 0 else 9223372036854775807 end,
      queued_due_at = case when windlass_schedule.rule = excluded.rule and windlass_schedule.zone = excluded.zone
                                and windlass_schedule.removed_at is null and windlass_schedule.error is null
                           then windlass_schedule.queued_due_at end,
      error = null;
end;

-- insert into windlass_pause_schedule (name, note) values ('nightly', 'the printer burns'). A moment may be given.
create view windlass_pause_schedule as select name, note, paused_at as at from windlass_schedule where false;

create trigger windlass_pause_schedule_insert instead of insert on windlass_pause_schedule
begin
  select raise(abort, 'windlass: there is no schedule of this name')
  where not exists (select 1 from windlass_schedule where name = new.name and removed_at is null);
  update windlass_schedule
  set paused_at = coalesce(paused_at, new.at, (select n from windlass_fresh)), note = new.note,
      next_at = 9223372036854775807, skipped = skipped + (queued_due_at is not null), queued_due_at = null,
      revision = revision + 1
  where name = new.name;
end;

-- insert into windlass_resume_schedule (name) values ('nightly'). What was due meanwhile has no run.
create view windlass_resume_schedule as select name, paused_at as at from windlass_schedule where false;

create trigger windlass_resume_schedule_insert instead of insert on windlass_resume_schedule
begin
  select raise(abort, 'windlass: there is no paused schedule of this name')
  where not exists (select 1 from windlass_schedule where name = new.name and paused_at is not null);
  update windlass_schedule
  set paused_at = null, note = null, from_at = coalesce(new.at, (select n from windlass_fresh)), error = null,
      next_at = case when removed_at is null then 0 else next_at end, revision = revision + 1
  where name = new.name;
end;

-- insert into windlass_remove_schedule (name) values ('nightly'). One that a program declares is kept as removed, so that
-- the next declaration does not bring it back; removing it once more forgets it.
create view windlass_remove_schedule as select name, paused_at as at from windlass_schedule where false;

create trigger windlass_remove_schedule_insert instead of insert on windlass_remove_schedule
begin
  select raise(abort, 'windlass: there is no schedule of this name')
  where not exists (select 1 from windlass_schedule where name = new.name);
  delete from windlass_schedule where name = new.name and (declared is null or removed_at is not null);
  update windlass_schedule
  set removed_at = coalesce(new.at, (select n from windlass_fresh)), next_at = 9223372036854775807,
      skipped = skipped + (queued_due_at is not null), queued_due_at = null, owner = 'person', revision = revision + 1
  where name = new.name;
end;
