-- Lines: jobs that a lane, a limit or a turn may keep from a worker stand in line. Who may be claimed of them is found out
-- by the claim.

-- Limits that were set for queues, kinds and names of keys. scope: 0 queue · 1 kind · 2 key. origin: 0 code · 1 config
-- · 2 person. running: so many at once; tokens: so many in a time, and so many at once at most; broken: open for a time
-- after so many failures within one; reserved: of those of a queue so many for a kind, as an object. Times are microseconds.
create table windlass_limit_rule (
  scope         integer not null check (scope between 0 and 2),
  name          text    not null,
  running       integer check (running > 0),
  tokens        integer check (tokens > 0),
  tokens_per    integer check (tokens_per > 0),
  tokens_burst  integer check (tokens_burst > 0),
  broken_after  integer check (broken_after > 0),
  broken_within integer check (broken_within > 0),
  broken_for    integer check (broken_for > 0),
  reserved      text,
  origin        integer not null check (origin between 0 and 2),
  note          text,
  set_at        integer not null,
  primary key (scope, name),
  check ((tokens is null) = (tokens_per is null) and (tokens is null) = (tokens_burst is null)),
  check ((broken_after is null) = (broken_within is null) and (broken_after is null) = (broken_for is null))
) strict, without rowid;

-- Which running job has passed which gate. It counts for as long as the job runs under that lease: what is left behind
-- by whatever road is not counted, and goes when tidying. A gate is a lane (its line), or y, the name of a limit and a
-- key, or k and a kind, or q and a queue, or r, a queue and a kind for which it reserves places. blocks: it counts too while the job is dead.
create table windlass_permit (
  gate   text    not null,
  job    blob    not null,
  lease  blob    not null,
  blocks integer not null,
  primary key (gate, job)
) strict, without rowid;

create index windlass_permit_job on windlass_permit (job);
-- Nearly always empty: a lane that a dead job may block is rare.
create index windlass_permit_blocks on windlass_permit (gate) where blocks;

-- The permits that count.
create view windlass_passed as
select m.gate, m.job
from windlass_permit m
where exists (select 1 from windlass_pending p where p.id = m.job and p.lease = m.lease and p.state = 4)
   or (m.blocks and exists (select 1 from windlass_finished f where f.id = m.job and f.state = 7));

-- What is left of a rate, at a moment.
create table windlass_bucket (
  gate   text    not null primary key,
  tokens real    not null,
  at     integer not null
) strict, without rowid;

-- Failures that a breaker counts, and the breakers that are open.
create table windlass_failure (
  gate text    not null,
  at   integer not null,
  job  blob    not null
) strict;

create index windlass_failure_gate on windlass_failure (gate, at);

create table windlass_breaker (
  gate      text    not null primary key,
  opened_at integer not null,
  probe     blob,
  probed_at integer
) strict, without rowid;

-- The line of each queue and priority that was looked at last.
create table windlass_line_cursor (
  queue    text    not null,
  priority integer not null,
  line     text    not null,
  primary key (queue, priority)
) strict, without rowid;

-- How far the sweep has looked for jobs that a limit was set for.
create table windlass_aside_walk (
  queue    text    not null primary key,
  priority integer not null,
  run_at   integer not null
) strict, without rowid;

-- The way in for every language: insert into windlass_limit (target, running) values ('kind:crm.push', 20), and delete
-- from windlass_limit where target = 'kind:crm.push'. target is queue:NAME, kind:NAME or key:NAME; running: so many at once;
-- rate: so many tokens in per, of which burst at once; broken: open_for after break_after failures within;
-- reserve: of a queue's running so many for a kind, as in '{"welcome": 5}'. Times are microseconds, a second and a minute
-- unless said.
create view windlass_limit as
select case scope when 0 then 'queue:' when 1 then 'kind:' else 'key:' end || name as target, running, tokens as rate,
       tokens_per as per, tokens_burst as burst, broken_after as break_after, broken_within as within,
       broken_for as open_for, case origin when 0 then 'code' when 1 then 'config' else 'person' end as set_by, note, set_at,
       reserved as reserve
from windlass_limit_rule;

create trigger windlass_limit_insert instead of insert on windlass_limit
begin
  select
    case
      when new.target is null or typeof(new.target) <> 'text'
           or substr(new.target, 1, instr(new.target, ':')) not in ('queue:', 'kind:', 'key:')
           or length(new.target) - instr(new.target, ':') not between 1 and 128
           or new.target glob '*[^-A-Za-z0-9._:/]*'
        then raise(abort, 'windlass: a limit is set for queue:NAME, kind:NAME or key:NAME')
      when coalesce(new.running, new.rate, new.break_after) is null
        then raise(abort, 'windlass: a limit says how many run, a rate or when to break')
      when new.rate is null and coalesce(new.per, new.burst) is not null
           or new.break_after is null and coalesce(new.within, new.open_for) is not null
        then raise(abort, 'windlass: per and burst are of a rate, within and open_for of break_after')
      when min(coalesce(new.running, 1), coalesce(new.rate, 1), coalesce(new.burst, 1), coalesce(new.break_after, 1)) < 1
           or typeof(coalesce(new.running, 1) + coalesce(new.rate, 1) + coalesce(new.burst, 1) + coalesce(new.break_after, 1)) <> 'integer'
           or max(coalesce(new.running, 1), coalesce(new.rate, 1), coalesce(new.burst, 1), coalesce(new.break_after, 1)) > 2147483647
        then raise(abort, 'windlass: a number of a limit is at least 1')
      when typeof(coalesce(new.per, 1000) + coalesce(new.within, 1000) + coalesce(new.open_for, 1000)) <> 'integer'
           or min(coalesce(new.per, 1000), coalesce(new.within, 1000), coalesce(new.open_for, 1000)) < 1000
           or max(coalesce(new.per, 1000), coalesce(new.within, 1000), coalesce(new.open_for, 1000)) > 86400000000
        then raise(abort, 'windlass: a time of a limit is a whole number of microseconds, from 1000 to a day')
      when new.reserve is not null and (substr(new.target, 1, 6) <> 'queue:' or new.running is null)
        then raise(abort, 'windlass: reserve is of the limit of a queue that says how many run')
      when new.reserve is not null and (json_valid(new.reserve) = 0 or json_type(new.reserve) <> 'object')
        then raise(abort, 'windlass: reserve is a JSON object of kinds and numbers, such as {"welcome": 5}')
      when new.reserve is not null and (
             (select count(*) > 16 or coalesce(sum(value), 0) > new.running from json_each(new.reserve))
             or exists (select 1 from json_each(new.reserve)
                        where type <> 'integer' or value < 1 or length(key) not between 1 and 128 or instr(key, char(0)) > 0
                           or key glob '*[^-A-Za-z0-9._:/]*'))
        then raise(abort, 'windlass: reserve names at most 16 kinds, each with at least 1 place, and no more places than running')
    end;
  insert or replace into windlass_limit_rule
    (scope, name, running, tokens, tokens_per, tokens_burst, broken_after, broken_within, broken_for, origin, note, set_at, reserved)
  select case substr(new.target, 1, instr(new.target, ':')) when 'queue:' then 0 when 'kind:' then 1 else 2 end,
         substr(new.target, instr(new.target, ':') + 1), new.running, new.rate,
         case when new.rate is not null then coalesce(new.per, 1000000) end,
         case when new.rate is not null then coalesce(new.burst, new.rate) end, new.break_after,
         case when new.break_after is not null then coalesce(new.within, 60000000) end,
         case when new.break_after is not null then coalesce(new.open_for, 60000000) end, 2, new.note, n,
         nullif(json(new.reserve), '{}')
  from windlass_fresh;
  insert or replace into windlass_permit (gate, job, lease, blocks)
  select case substr(new.target, 1, 2) when 'qu' then 'q' || queue when 'ki' then 'k' || kind
           else 'y' || substr(new.target, 5) || char(31) || (meta ->> '$.limited.key') end, id, lease, 0
  from windlass_pending
  where state = 4
    and case substr(new.target, 1, 2) when 'qu' then 'queue:' || queue = new.target when 'ki' then 'kind:' || kind = new.target
          else instr(meta, '"limited"') > 0 and 'key:' || coalesce(meta ->> '$.limited.name', kind) = new.target end
  on conflict (gate, job) do update set lease = excluded.lease;
  insert or replace into windlass_permit (gate, job, lease, blocks)
  select 'r' || queue || char(31) || kind, id, lease, 0
  from windlass_pending
  where new.reserve is not null and state = 4 and 'queue:' || queue = new.target
    and kind in (select key from json_each(new.reserve))
  on conflict (gate, job) do update set lease = excluded.lease;
end;

create trigger windlass_limit_delete instead of delete on windlass_limit
begin
  delete from windlass_breaker
  where gate = replace(replace(replace(old.target, 'queue:', 'q'), 'kind:', 'k'), 'key:', 'y')
     or old.target like 'key:%' and substr(gate, 1, length(old.target) - 2) = 'y' || substr(old.target, 5) || char(31);
  delete from windlass_failure
  where gate = replace(replace(replace(old.target, 'queue:', 'q'), 'kind:', 'k'), 'key:', 'y')
     or old.target like 'key:%' and substr(gate, 1, length(old.target) - 2) = 'y' || substr(old.target, 5) || char(31);
  delete from windlass_limit_rule
  where case scope when 0 then 'queue:' when 1 then 'kind:' else 'key:' end || name = old.target;
end;

-- Closes the breaker of a limit, for a name those of all its keys, and forgets the failures that it has counted:
-- insert into windlass_close_breaker (target) values ('kind:crm.push').
create view windlass_close_breaker as select name as target from windlass_limit_rule where false;

create trigger windlass_close_breaker_insert instead of insert on windlass_close_breaker
begin
  select raise(abort, 'windlass: a limit is set for queue:NAME, kind:NAME or key:NAME')
  where new.target is null or substr(new.target, 1, instr(new.target, ':')) not in ('queue:', 'kind:', 'key:');
  delete from windlass_failure
  where gate = case substr(new.target, 1, 2) when 'qu' then 'q' when 'ki' then 'k' else 'y' end
                 || substr(new.target, instr(new.target, ':') + 1)
     or substr(new.target, 1, 2) = 'ke' and gate > 'y' || substr(new.target, 5) || char(31)
        and gate < 'y' || substr(new.target, 5) || char(32);
  delete from windlass_breaker
  where gate = case substr(new.target, 1, 2) when 'qu' then 'q' when 'ki' then 'k' else 'y' end
                 || substr(new.target, instr(new.target, ':') + 1)
     or substr(new.target, 1, 2) = 'ke' and gate > 'y' || substr(new.target, 5) || char(31)
        and gate < 'y' || substr(new.target, 5) || char(32);
end;

-- What a job's rules do in its lane when it is written: jobs of kinds that it supersedes are cancelled unless they run. It
-- fails where a job is there that refuses it. What will be kept out by its unique key does nothing.
create view windlass_lane_entry as select id, kind, created_at, meta from windlass_pending where false;

create trigger windlass_lane_entry_insert instead of insert on windlass_lane_entry
when not exists (select 1 from windlass_held_key
                 where kind = new.kind and key = new.meta ->> '$.unique.key' and job <> new.id and held_until > new.created_at)
begin
  select raise(abort, 'windlass: refused in the lane by another job')
  from windlass_pending
  where line = 'l' || (new.meta ->> '$.lane.key') and line >= 'l' and line < 'm' and id <> new.id
    and kind in (select value from json_each(new.meta, '$.lane.refused_by'));
  insert into windlass_finished
    (id, queue, kind, version, state, priority, attempt, failures, losses, max_attempts, run_at, created_at,
     finished_at, prune_at, args, reason, root, parent, origin, meta, history)
  select id, queue, kind, version, 6, priority, attempt, failures, losses, max_attempts, run_at, created_at,
         new.created_at, new.created_at + 604800000000, args,
         'superseded by ' || new.kind || ' ' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-'
           || substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
         root, parent, origin, meta, history
  from windlass_pending
  where line = 'l' || (new.meta ->> '$.lane.key') and line >= 'l' and line < 'm' and id <> new.id and state <> 4
    and kind in (select value from json_each(new.meta, '$.lane.supersedes'));
  insert into windlass_job_count (queue, state, jobs)
  select queue, 6, count(*) from windlass_pending
  where line = 'l' || (new.meta ->> '$.lane.key') and line >= 'l' and line < 'm' and id <> new.id and state <> 4
    and kind in (select value from json_each(new.meta, '$.lane.supersedes'))
  group by queue
  on conflict (queue, state) do update set jobs = jobs + excluded.jobs;
  insert into windlass_ended_job (job, state, at)
  select id, 6, new.created_at from windlass_pending
  where line = 'l' || (new.meta ->> '$.lane.key') and line >= 'l' and line < 'm' and id <> new.id and state <> 4
    and kind in (select value from json_each(new.meta, '$.lane.supersedes'));
  delete from windlass_pending
  where line = 'l' || (new.meta ->> '$.lane.key') and line >= 'l' and line < 'm' and id <> new.id and state <> 4
    and kind in (select value from json_each(new.meta, '$.lane.supersedes'));
end;

-- The way in for every language: insert into windlass_enqueue (kind, args) values ('mail', '{}'). All columns but kind have
-- defaults: see windlass_enqueue_job, and for jobs in line: lane (a key: one at a time, in the order they were enqueued),
-- when_dead (skip or block), supersedes and refused_by (JSON arrays of kinds); fair (a key that has turns) and weight;
-- limit_key (a key of which so many run at once), limit_name and limit_running; cost (of rates). waits: a JSON array of
-- what it waits for, such as {"name": "wrap-up", "signal": "wrap-up:42"}, {"name": "import", "job": "…uuid…", "ends":
-- ["completed"]}, the same with a "batch", or {"name": "noon", "at": microseconds}; or an object with these as "for", how many
-- are "needed", a "deadline" in microseconds and what happens to it then, "overdue": run, cancel or die; with "otherwise":
-- "cancel" it is cancelled once a job or a batch has ended in another way. batch: the one it is in, with step, its name there.
-- redact: a JSON array of paths of fields that are not shown.
create view windlass_enqueue as
select j.*, origin as lane, origin as when_dead, origin as supersedes, origin as refused_by, origin as fair, priority as weight,
       origin as limit_key, origin as limit_name, priority as limit_running, priority as cost, origin as waits,
       origin as batch, origin as step, origin as redact
from windlass_enqueue_job j where false;

create trigger windlass_enqueue_insert instead of insert on windlass_enqueue
begin
  select
    case
      when new.meta is not null and coalesce(json_type(new.meta, '$.lane'), json_type(new.meta, '$.fair'), json_type(new.meta, '$.limited'),
                                             json_type(new.meta, '$.cost'), json_type(new.meta, '$.line')) is not null
        then raise(abort, 'windlass: lane, fair, limit_key and cost have columns of their own: in meta alone they hold nothing back')
      when new.meta is not null and json_type(new.meta, '$.redact') is not null
        then raise(abort, 'windlass: redact has a column of its own')
      when new.redact is not null and (json_valid(new.redact) = 0 or json_type(new.redact) <> 'array'
          or json_array_length(new.redact) > 64 or exists (
            select 1 from json_each(new.redact) where type <> 'text' or length(cast(value as blob)) not between 1 and 256
              or instr(value, char(0)) > 0 or '.' || value || '.' glob '*..*'
              or length(value) - length(replace(value, '.', '')) > 15))
        then raise(abort, 'windlass: redact must be a JSON array of up to 64 paths of fields, such as ["card.number"]')
      when new.meta is not null and json_type(new.meta, '$.waits') is not null
        then raise(abort, 'windlass: waits has a column of its own')
      when new.meta is not null and json_type(new.meta, '$.member') is not null
        then raise(abort, 'windlass: batch and step have columns of their own')
      when new.batch is not null and (typeof(new.batch) <> 'text' or length(replace(new.batch, '-', '')) <> 32
                                      or new.batch glob '*[^-0-9a-fA-F]*')
        then raise(abort, 'windlass: batch must be the UUID of one')
      when new.step is not null and (new.batch is null or typeof(new.step) <> 'text' or instr(new.step, char(0)) > 0
                                     or length(cast(new.step as blob)) not between 1 and 128)
        then raise(abort, 'windlass: step is the name of a job in a batch, of 1 to 128 bytes without NUL')
      when new.waits is not null and (json_valid(new.waits) = 0 or json_type(new.waits) not in ('array', 'object'))
        then raise(abort, 'windlass: waits must be a JSON array of conditions, or an object with for, needed, deadline and overdue')
      when new.waits is not null and (
             json_type(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end) is not 'array' or json_array_length(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end) not between 1 and 1000
             or json_type(new.waits, '$.needed') is not null and (json_type(new.waits, '$.needed') <> 'integer'
                  or new.waits ->> '$.needed' not between 1 and json_array_length(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end))
             or instr(new.waits, '\u0000') > 0
             or json_type(new.waits) = 'object' and exists (
                  select 1 from json_each(new.waits) k where k.key not in ('for', 'needed', 'deadline', 'overdue', 'otherwise')
                     or k.type = 'null' or k.key = 'overdue' and json_type(new.waits, '$.deadline') is null)
             or coalesce(new.waits ->> '$.otherwise', 'wait') not in ('wait', 'cancel')
             or new.waits ->> '$.otherwise' is 'cancel'
                and new.waits ->> '$.needed' < json_array_length(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end)
             or coalesce(new.waits ->> '$.overdue', 'run') not in ('run', 'cancel', 'die')
             or json_type(new.waits, '$.deadline') is not null and (json_type(new.waits, '$.deadline') <> 'integer'
                  or new.waits ->> '$.deadline' not between 1 and 4000000000000000)
             or (select count(distinct c.value ->> '$.name') from json_each(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end) c) <> json_array_length(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end)
             or exists (select 1 from json_each(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end) c
                        where c.type <> 'object' or coalesce(length(cast(c.value ->> '$.name' as blob)), 0) not between 1 and 128
                           or (json_type(c.value, '$.job') is 'text') + (json_type(c.value, '$.batch') is 'text') + (json_type(c.value, '$.signal') is 'text')
                              + (json_type(c.value, '$.at') is 'integer') <> 1
                           or exists (select 1 from json_each(c.value) k where k.key not in ('name', 'job', 'batch', 'ends', 'signal', 'at')
                                        or k.type = 'null' or k.key = 'ends' and coalesce(json_type(c.value, '$.job'), json_type(c.value, '$.batch')) is null)
                           or length(replace(c.value ->> '$.job', '-', '')) <> 32 or c.value ->> '$.job' glob '*[^-0-9a-fA-F]*'
                           or length(replace(c.value ->> '$.batch', '-', '')) <> 32 or c.value ->> '$.batch' glob '*[^-0-9a-fA-F]*'
                           or length(cast(c.value ->> '$.signal' as blob)) not between 1 and 256
                           or coalesce(json_type(c.value, '$.at'), 'integer') <> 'integer'
                           or json_type(c.value, '$.ends') is not null and (json_type(c.value, '$.ends') <> 'array'
                                or json_array_length(c.value, '$.ends') = 0
                                or exists (select 1 from json_each(c.value, '$.ends') e
                                           where e.value not in ('completed', 'cancelled', 'dead')))))
        then raise(abort, 'windlass: waits cannot be used: 1 to 1000 conditions with names of their own, each with a job or a batch (a UUID, and ends: completed, cancelled, dead), a signal or an at in microseconds; needed, a deadline in microseconds, overdue run, cancel or die; otherwise wait or cancel')
      when new.lane is null and coalesce(new.when_dead, new.supersedes, new.refused_by) is not null
        then raise(abort, 'windlass: lane is missing')
      when new.lane is not null and new.fair is not null
        then raise(abort, 'windlass: a job has a lane or fair, not both: lanes have turns without it')
      when new.fair is null and new.weight is not null then raise(abort, 'windlass: fair is missing')
      when new.limit_key is null and coalesce(new.limit_name, new.limit_running) is not null
        then raise(abort, 'windlass: limit_key is missing')
      when exists (select 1 from json_each(json_array(new.lane, new.fair, new.limit_key)) as k
                   where k.type not in ('null', 'text')
                      or k.type = 'text' and (length(cast(k.value as blob)) not between 1 and 256
                                              or instr(k.value, char(0)) > 0 or instr(k.value, char(31)) > 0))
        then raise(abort, 'windlass: a key of a lane, a turn or a limit is a text of 1 to 256 bytes without NUL and U+001F')
      when coalesce(new.when_dead, 'skip') not in ('skip', 'block')
        then raise(abort, 'windlass: when_dead must be skip or block')
      when new.weight is not null and (typeof(new.weight) <> 'integer' or new.weight not between 1 and 100)
        then raise(abort, 'windlass: weight must be a number from 1 to 100')
      when new.limit_running is not null and (typeof(new.limit_running) <> 'integer' or new.limit_running not between 1 and 2147483647)
        then raise(abort, 'windlass: limit_running must be a number from 1 on')
      when new.cost is not null and (typeof(new.cost) <> 'integer' or new.cost not between 1 and 65535)
        then raise(abort, 'windlass: cost must be a number from 1 to 65535')
      when new.limit_name is not null and (typeof(new.limit_name) <> 'text' or length(new.limit_name) not between 1 and 128
                                           or new.limit_name glob '*[^-A-Za-z0-9._:/]*')
        then raise(abort, 'windlass: limit_name must be up to 128 letters, digits and . _ - : /')
      when json_valid(coalesce(new.supersedes, '[]')) = 0 or json_valid(coalesce(new.refused_by, '[]')) = 0
           or json_type(coalesce(new.supersedes, '[]')) <> 'array' or json_type(coalesce(new.refused_by, '[]')) <> 'array'
           or json_array_length(coalesce(new.supersedes, '[]')) + json_array_length(coalesce(new.refused_by, '[]')) > 16
           or exists (select 1 from json_each(json_array(json(coalesce(new.supersedes, '[]')), json(coalesce(new.refused_by, '[]')))) as list,
                                    json_each(list.value) as k
                      where k.type <> 'text' or length(k.value) not between 1 and 128 or instr(k.value, char(0)) > 0
                         or k.value glob '*[^-A-Za-z0-9._:/]*')
        then raise(abort, 'windlass: supersedes and refused_by must be JSON arrays of at most 16 kinds together, each of up to 128 letters, digits and . _ - : /')
    end;
  insert into windlass_enqueue_job
    (id, kind, args, version, queue, priority, run_at, delay, max_attempts, max_losses, origin, meta, unique_key, unique_until,
     unique_for, on_conflict, expires_at, expires_in, tags, subjects)
  select coalesce(new.id, fresh.id), new.kind, new.args, new.version, new.queue, new.priority, new.run_at, new.delay, new.max_attempts,
         new.max_losses, new.origin,
         case when coalesce(new.lane, new.fair, new.limit_key, new.cost, new.waits, new.batch, nullif(new.redact, '[]')) is null then new.meta
              else json_patch(coalesce(new.meta, '{}'), json_object(
                'waits', json(case when new.waits is not null then json_patch('{}', json_object(
                  'for', (select json_group_array(json_patch('{}', json_object(
                            'name', c.value ->> '$.name', 'job', lower(replace(c.value ->> '$.job', '-', '')),
                            'batch', lower(replace(c.value ->> '$.batch', '-', '')),
                            'signal', c.value ->> '$.signal', 'at', c.value ->> '$.at',
                            'ends', case when coalesce(json_type(c.value, '$.job'), json_type(c.value, '$.batch')) is not null then (
                              select sum(case word when 'completed' then 1 when 'cancelled' then 2 else 4 end)
                              from (select distinct e.value as word
                                    from json_each(coalesce(c.value -> '$.ends', case when json_type(c.value, '$.batch') is not null
                                      then '["completed", "cancelled", "dead"]' else '["completed"]' end)) e)) end)))
                          from json_each(case json_type(new.waits) when 'array' then new.waits else new.waits -> '$.for' end) c),
                  'needed', new.waits ->> '$.needed',
                  'or_cancel', case when new.waits ->> '$.otherwise' = 'cancel' then json('true') end,
                  'deadline', case when json_type(new.waits, '$.deadline') is not null then json_object(
                    'in_us', new.waits ->> '$.deadline', 'then', coalesce(new.waits ->> '$.overdue', 'run')) end)) end),
                'member', case when new.batch is not null then json_patch('{}', json_object(
                  'of', lower(replace(new.batch, '-', '')), 'step', new.step)) end,
                'lane', case when new.lane is not null then json_object(
                  'key', new.lane, 'when_dead', coalesce(new.when_dead, 'skip'),
                  'supersedes', json(coalesce(new.supersedes, '[]')), 'refused_by', json(coalesce(new.refused_by, '[]'))) end,
                'fair', case when new.fair is not null then json_patch('{}', json_object('key', new.fair, 'weight', new.weight)) end,
                'limited', case when new.limit_key is not null then json_patch('{}', json_object(
                  'key', new.limit_key, 'name', new.limit_name, 'running', new.limit_running)) end,
                'cost', new.cost,
                'redact', json(nullif(new.redact, '[]')),
                'line', case when coalesce(new.lane, new.fair, new.limit_key, new.cost) is null then null
                             when new.lane is not null then 'l' || new.lane
                             else 's' || coalesce(new.fair, '') || char(31) || new.kind || char(31)
                                  || case when new.limit_key is null then '' else coalesce(new.limit_name, new.kind) end || char(31)
                                  || coalesce(new.limit_key, '') || char(31) || coalesce(new.limit_running, '') || char(31)
                                  || coalesce(new.weight, '') end)) end,
         new.unique_key, new.unique_until, new.unique_for, new.on_conflict, new.expires_at, new.expires_in,
         new.tags, new.subjects
  from windlass_fresh as fresh;
end;
