-- Changes of subscriptions that are asked for by SQL. Who feeds makes them, since SQL can check no filter: within a second or two, one
-- after the other.
create table windlass_subscription_request (
  nth        integer primary key autoincrement,
  name       text    not null,
  what       text    not null check (what in ('put', 'pause', 'resume', 'remove')),
  -- What is put, and behind which position it begins.
  definition text,
  after      integer check (after >= 0),
  at         integer not null,
  -- Why it was refused. It is kept until something that was asked for later with this name is answered.
  error      text,
  check ((what = 'put') = (definition is not null and after is not null))
) strict;

create index windlass_subscription_request_open on windlass_subscription_request (nth) where error is null;
create index windlass_subscription_request_name on windlass_subscription_request (name);

create trigger windlass_subscription_request_insert before insert on windlass_subscription_request
begin
  select
    case
      when new.name is null or typeof(new.name) <> 'text' or length(new.name) not between 1 and 128
           or new.name glob '*[^-A-Za-z0-9._:/]*'
        then raise(abort, 'windlass: name must be up to 128 letters, digits and . _ - : /')
      when new.what <> 'put' and not exists (select 1 from windlass_subscription s where s.name = new.name)
           and not exists (select 1 from windlass_subscription_request r where r.name = new.name and r.what = 'put')
        then raise(abort, 'windlass: there is no subscription of this name')
    end;
end;

-- The way in for every language: insert into windlass_put_subscription (name, definition) values ('receipts',
--   '{"filter": {"types": ["order.paid"]}, "target": {"kind": "mail.receipt"}}'). It begins behind the end of the log, or
-- behind the position that after is; 0 is the beginning.
create view windlass_put_subscription as select name, definition, after from windlass_subscription_request where false;

create trigger windlass_put_subscription_insert instead of insert on windlass_put_subscription
begin
  select
    case
      when new.definition is null or typeof(new.definition) <> 'text' or length(cast(new.definition as blob)) > 262144
           or not json_valid(new.definition)
        then raise(abort, 'windlass: definition must be a JSON text of up to 262144 bytes')
      when json_type(new.definition) <> 'object'
        then raise(abort, 'windlass: a subscription is a JSON object with a target')
      -- What is not UTF-8 is read as U+FFFD when it is matched, as are the last two characters of its plane.
      when replace(replace(replace(new.definition, char(65533), ''), char(65534), ''), char(65535), '') glob '*' || char(65533) || '*'
        then raise(abort, 'windlass: a text is not UTF-8')
      when new.after is not null and (typeof(new.after) <> 'integer' or new.after < 0)
        then raise(abort, 'windlass: after must be a position; 0 is the beginning of the log')
    end;
  insert into windlass_subscription_request (name, what, definition, after, at)
  select new.name, 'put', new.definition, coalesce(new.after, (select last from windlass_log)), n from windlass_fresh;
end;

-- insert into windlass_pause_subscription (name) values ('receipts').
create view windlass_pause_subscription as select name from windlass_subscription_request where false;

create trigger windlass_pause_subscription_insert instead of insert on windlass_pause_subscription
begin
  insert into windlass_subscription_request (name, what, at) select new.name, 'pause', n from windlass_fresh;
end;

-- insert into windlass_resume_subscription (name) values ('receipts').
create view windlass_resume_subscription as select name from windlass_subscription_request where false;

create trigger windlass_resume_subscription_insert instead of insert on windlass_resume_subscription
begin
  insert into windlass_subscription_request (name, what, at) select new.name, 'resume', n from windlass_fresh;
end;

-- insert into windlass_remove_subscription (name) values ('receipts').
create view windlass_remove_subscription as select name from windlass_subscription_request where false;

create trigger windlass_remove_subscription_insert instead of insert on windlass_remove_subscription
begin
  insert into windlass_subscription_request (name, what, at) select new.name, 'remove', n from windlass_fresh;
end;
