-- Changes of subscriptions that are asked for by SQL. Who feeds makes them, since SQL can check no filter: within a second or two, one
-- after the other. Who asks only adds a row, and waits for nobody.
create table windlass.subscription_request (
  nth        bigint not null generated always as identity primary key,
  name       text   not null collate "C",
  what       text   not null check (what in ('put', 'pause', 'resume', 'remove')),
  -- What is put, and behind which position it begins.
  definition text,
  after      bigint check (after >= 0),
  at         bigint not null,
  -- Why it was refused. It is kept until something that was asked for later with this name is answered.
  error      text,
  check ((what = 'put') = (definition is not null and after is not null))
);

create index subscription_request_open on windlass.subscription_request (nth) where error is null;
create index subscription_request_name on windlass.subscription_request (name);

create function windlass.ask(the_name text, the_what text, the_definition text default null, behind bigint default null) returns void
language plpgsql volatile as
$$
begin
  if the_name is null or the_name !~ '^[[:alnum:]._:/-]{1,128}$' then
    raise exception 'windlass: % cannot be the name of a subscription', coalesce(quote_literal(the_name), 'null')
      using errcode = '22023', hint = 'up to 128 letters, digits and . _ - : /';
  end if;
  if the_what <> 'put' and not exists (select from windlass.subscription s where s.name = the_name)
     and not exists (select from windlass.subscription_request r where r.name = the_name and r.what = 'put') then
    raise exception 'windlass: there is no subscription %', the_name using errcode = '22023';
  end if;
  insert into windlass.subscription_request (name, what, definition, after, at)
  values (the_name, the_what, the_definition, behind, windlass.now_us());
end
$$;

-- The way in for every language: select windlass.put_subscription('receipts',
--   '{"filter": {"types": ["order.paid"]}, "target": {"kind": "mail.receipt"}}'). It begins behind the end of the log, or
-- behind the position that is given; 0 is the beginning.
create function windlass.put_subscription(name text, definition jsonb, after bigint default null) returns void language plpgsql volatile as
$$
begin
  if definition is null or jsonb_typeof(definition) <> 'object' then
    raise exception 'windlass: a subscription is a JSON object with a target' using errcode = '22023',
      hint = 'such as {"filter": {"types": ["order.paid"]}, "target": {"kind": "mail.receipt"}}';
  end if;
  if octet_length(definition::text) > 262144 then
    raise exception 'windlass: a subscription of % bytes is above the limit of 262144', octet_length(definition::text) using errcode = '22023';
  end if;
  if after < 0 then
    raise exception 'windlass: % is not a position', after using errcode = '22023', hint = '0 is the beginning of the log';
  end if;
  perform windlass.ask(name, 'put', definition::text, coalesce(after, (select l.last from windlass.log l)));
end
$$;

create function windlass.pause_subscription(name text) returns void language sql volatile as
$$ select windlass.ask(name, 'pause') $$;

create function windlass.resume_subscription(name text) returns void language sql volatile as
$$ select windlass.ask(name, 'resume') $$;

create function windlass.remove_subscription(name text) returns void language sql volatile as
$$ select windlass.ask(name, 'remove') $$;

-- Does what is asked for, with the definition as Windlass writes it, or keeps why not. False where it was answered before, or somebody
-- has it at this moment.
create function windlass.answer_request_at(us bigint, the_nth bigint, the_definition text, why text) returns boolean
language plpgsql volatile as
$$
declare
  asked windlass.subscription_request;
  is_there boolean := true;
begin
  select * into asked from windlass.subscription_request r where r.nth = the_nth and r.error is null for update skip locked;
  if not found then
    return false;
  end if;
  if why is null then
    if asked.what = 'put' then
      perform windlass.put_subscription_at(us, asked.name, the_definition, asked.after, null);
    elsif asked.what = 'remove' then
      perform windlass.remove_subscription_at(asked.name);
    else
      is_there := windlass.pause_subscription_at(us, asked.name, asked.what = 'pause');
    end if;
    why := case when not is_there then format('there is no subscription %s', asked.name) end;
  end if;
  -- What was refused before is forgotten, and so is this where something else was asked for meanwhile.
  delete from windlass.subscription_request r
  where r.name = asked.name and r.error is not null and r.nth < the_nth
    or r.nth = the_nth
       and (why is null or exists (select from windlass.subscription_request l where l.name = asked.name and l.nth > the_nth));
  update windlass.subscription_request set error = why where nth = the_nth;
  return true;
end
$$;
