-- Events: what was published, in the order in which it was committed.

-- Positions are dense: there is one writer, and what is rolled back takes its number back with it.
create table windlass_event (
  position    integer primary key,
  id          blob    not null unique,
  source      text    not null,
  -- The id that its source gave it.
  given       text,
  type        text    not null,
  subject     text,
  at          integer not null,
  recorded_at integer not null,
  data        text,
  root        blob,
  parent      blob,
  meta        text
) strict;

create index windlass_event_root on windlass_event (root) where root is not null;
create unique index windlass_event_given on windlass_event (source, given) where given is not null;

-- How far the log reaches. One row; the epoch changes where the log is not the one that it was.
create table windlass_log (
  one      integer not null primary key check (one = 1),
  epoch    integer not null,
  last     integer not null,
  -- The last position that the subscriptions which are live were fed; the number up to which they were fed the event behind it;
  -- and how often a subscription was changed.
  routed   integer not null,
  part     integer not null,
  revision integer not null,
  -- How long events are kept, in microseconds: at least, and at most where that is said; how many were removed; and how far a walk
  -- over those whose time is over has come.
  keep     integer not null default 2592000000000,
  at_most  integer,
  removed  integer not null default 0,
  walked   integer not null default 0
) strict;

insert into windlass_log (one, epoch, last, routed, part, revision) values (1, 1, 0, 0, 0, 0);

-- Subscriptions: which events become which jobs.
create table windlass_subscription (
  number     integer primary key autoincrement,
  name       text    not null unique,
  definition text    not null,
  -- It wants events behind this position.
  after      integer not null,
  -- What it is has been so behind this position.
  since      integer not null,
  -- The last position that it was fed, where that is not the one of all that are live.
  position   integer,
  -- The last position that it wants, where it is removed then.
  until      integer,
  paused_at  integer,
  created_at integer not null
) strict;

create index windlass_subscription_behind on windlass_subscription (position) where position is not null;

-- Events that a subscription was not fed, and never will be.
create table windlass_gap (
  nth           integer primary key,
  number        integer not null,
  from_position integer not null,
  to_position   integer not null,
  reason        text    not null,
  at            integer not null
) strict;

-- Events of a subscription that wait for others to become one job with them. Positions as JSON.
create table windlass_event_window (
  number    integer not null,
  key       text    not null,
  opened_at integer not null,
  due_at    integer not null,
  positions text    not null,
  primary key (number, key)
) strict, without rowid;

create index windlass_event_window_due on windlass_event_window (due_at);

-- The jobs of a subscription, which its number ends: see the function job_of in the library.
create index windlass_pending_subscription on windlass_pending (substr(id, 13, 4)) where substr(id, 7, 1) between x'80' and x'8f';

-- The jobs that other jobs have enqueued, by the root of their tree. Those that come of events are found by these.
create index windlass_pending_root on windlass_pending (root) where root is not null and substr(id, 7, 1) not between x'80' and x'8f';
create index windlass_finished_root on windlass_finished (root) where root is not null and substr(id, 7, 1) not between x'80' and x'8f';

-- Publishes one event, at the end of the log, unless its source has published one with its given id before.
create view windlass_publish_event as
select id, source, given, type, subject, at, recorded_at, data, root, parent, meta from windlass_event where false;

create trigger windlass_publish_event_insert instead of insert on windlass_publish_event
begin
  insert into windlass_event (position, id, source, given, type, subject, at, recorded_at, data, root, parent, meta)
  -- The clock may have been set back: moments of the log never go back.
  select last + 1, new.id, new.source, new.given, new.type, new.subject, new.at,
         max(new.recorded_at, coalesce((select recorded_at from windlass_event where position = last), 0)), new.data, new.root, new.parent, new.meta
  from windlass_log
  where (new.given is null or not exists (select 1 from windlass_event where source = new.source and given = new.given))
    -- One that is there already is the same one.
    and not exists (select 1 from windlass_event where id = new.id);
  update windlass_log set last = last + 1 where exists (select 1 from windlass_event where position = last + 1);
end;

-- Events for every language: insert into windlass_publish (type, data) values ('order.paid', '{"order":42}'). All columns but type
-- have defaults: id (that its source gave it: of the inserts with one source and one id the first counts), source (a URI reference),
-- subject (what it has happened to), time (microseconds, when it happened), extensions (a JSON object of CloudEvents' extension
-- attributes), subjects (a JSON object of types with an id or an array of ids), version (of the data).
create view windlass_publish as
select type, data, given as id, source, subject, at as time, meta as extensions, meta as subjects, at as version
from windlass_event where false;

create trigger windlass_publish_insert instead of insert on windlass_publish
begin
  select case
    when new.type is null or typeof(new.type) <> 'text' or length(new.type) not between 1 and 128 or instr(new.type, char(0)) > 0
         or new.type glob '*[^-A-Za-z0-9._:/]*'
      then raise(abort, 'windlass: type must be 1 to 128 letters, digits and . _ - : /')
    when new.type glob 'windlass.*'
      then raise(abort, 'windlass: such an event cannot be published: by types that begin with windlass. Windlass alone tells of itself')
    when new.id is not null and (typeof(new.id) <> 'text' or length(cast(new.id as blob)) not between 1 and 256
                                 or instr(new.id, char(0)) > 0 or instr(new.id, char(31)) > 0)
      then raise(abort, 'windlass: id must be a text of 1 to 256 bytes without NUL and U+001F')
    when new.source is not null and (typeof(new.source) <> 'text' or length(cast(new.source as blob)) not between 1 and 256
                                     or instr(new.source, char(0)) > 0 or instr(new.source, char(31)) > 0)
      then raise(abort, 'windlass: source must be a text of 1 to 256 bytes without NUL and U+001F')
    when new.subject is not null and (typeof(new.subject) <> 'text' or length(cast(new.subject as blob)) not between 1 and 256
                                      or instr(new.subject, char(0)) > 0 or instr(new.subject, char(31)) > 0)
      then raise(abort, 'windlass: subject must be a text of 1 to 256 bytes without NUL and U+001F')
    when new.time is not null and (typeof(new.time) <> 'integer' or new.time not between -250000000000000000 and 250000000000000000)
      then raise(abort, 'windlass: time must be a whole number of microseconds since 1970')
    when new.version is not null and (typeof(new.version) <> 'integer' or new.version not between 1 and 65535)
      then raise(abort, 'windlass: version must be a number from 1 to 65535')
    when new.data is not null and length(cast(new.data as blob)) > 262144
      then raise(abort, 'windlass: data are above the limit of 262144 bytes')
    when new.data is not null and (typeof(new.data) <> 'text' or not json_valid(new.data))
      then raise(abort, 'windlass: data are not JSON')
    -- An escaped backslash begins no escape.
    when instr(new.data, char(0)) > 0 or instr(replace(new.data, '\\', ''), '\u0000') > 0
      then raise(abort, 'windlass: data contain a NUL character')
    when new.extensions is not null and (json_valid(new.extensions) = 0 or json_type(new.extensions) <> 'object'
         or (select count(*) from json_each(new.extensions)) > 32 or exists (
           select 1 from json_each(new.extensions) e
           where length(e.key) not between 1 and 20 or e.key glob '*[^a-z0-9]*'
             or e.key in ('id', 'source', 'type', 'specversion', 'subject', 'time', 'data', 'datacontenttype', 'dataschema', 'traceparent')
             or e.type not in ('true', 'false', 'integer', 'text')
             or e.type = 'integer' and e.value not between -2147483648 and 2147483647
             or e.type = 'text' and (length(cast(e.value as blob)) > 1024)
             or instr(e.value, char(0)) > 0)
         or instr(replace(new.extensions, '\\', ''), '\u0000') > 0)
      then raise(abort, 'windlass: extensions must be a JSON object of up to 32 names of 1 to 20 lower-case letters and digits, none of CloudEvents'' own, with booleans, integers of 32 bits and texts of up to 1024 bytes')
    when new.subjects is not null and (json_valid(new.subjects) = 0 or json_type(new.subjects) <> 'object' or exists (
           select 1
           from json_each(new.subjects) s, json_each(case s.type when 'array' then s.value else json_array(s.value) end) id
           where length(s.key) not between 1 and 128 or s.key glob '*[^-A-Za-z0-9._:/]*' or s.type not in ('text', 'integer', 'array')
             or id.type not in ('text', 'integer') or length(cast(id.value as blob)) not between 1 and 256 or instr(id.value, char(0)) > 0
             or id.value glob '*[' || char(1) || '-' || char(32) || ',' || char(127) || ']*')
         or instr(replace(new.subjects, '\\', ''), '\u0000') > 0 or (
           select count(*)
           from json_each(new.subjects) s, json_each(case s.type when 'array' then s.value else json_array(s.value) end)) > 32)
      then raise(abort, 'windlass: subjects must be a JSON object of types with ids, such as {"customer": 42}: up to 32, ids of up to 256 bytes without blanks and commas')
    -- What is not UTF-8, and half a surrogate pair, are read as U+FFFD when they are matched, as are the last two characters of its plane.
    when replace(replace(replace(coalesce(new.id, '') || coalesce(new.source, '') || coalesce(new.subject, '') || coalesce(new.data, '')
           || coalesce(new.extensions, '') || coalesce(new.subjects, ''), char(65533), ''), char(65534), ''), char(65535), '') glob '*' || char(65533) || '*'
      then raise(abort, 'windlass: a text is not UTF-8')
    when instr(lower(coalesce(new.data, '') || coalesce(new.extensions, '') || coalesce(new.subjects, '')), '\ud') > 0 and exists (
           select 1 from (select key as word from json_tree(new.data) where typeof(key) = 'text'
                          union all select atom from json_tree(new.data) where type = 'text'
                          union all select key as word from json_tree(new.extensions) where typeof(key) = 'text'
                          union all select atom from json_tree(new.extensions) where type = 'text'
                          union all select key as word from json_tree(new.subjects) where typeof(key) = 'text'
                          union all select atom from json_tree(new.subjects) where type = 'text')
           where replace(replace(replace(word, char(65533), ''), char(65534), ''), char(65535), '') glob '*' || char(65533) || '*')
      then raise(abort, 'windlass: data contain half of a surrogate pair, or extensions or subjects do: that is not a character')
  end;
  insert into windlass_publish_event (id, source, given, type, subject, at, recorded_at, data, meta)
  select fresh.id, coalesce(new.source, '/'), new.id, new.type, new.subject, coalesce(new.time, n), n, new.data,
         json_patch('{}', json_object(
           'version', nullif(new.version, 1), 'extensions', json(nullif(new.extensions, '{}')), 'origin', 'sql',
           'subjects', json(nullif((
             select json_group_array(s.key || '=' || id.value)
             from json_each(new.subjects) s, json_each(case s.type when 'array' then s.value else json_array(s.value) end) id), '[]'))))
  from windlass_fresh as fresh;
end;
