-- Alerts: what Windlass tells of itself, by events of its own.

-- Whether it may want events of Windlass's own: only these subscriptions are asked when something happens.
alter table windlass_subscription add column alerts integer not null default 0;

create index windlass_subscription_alerts on windlass_subscription (number) where alerts;

-- Whether a new or changed subscription may want some.
create trigger windlass_subscription_made after insert on windlass_subscription
begin
  update windlass_subscription set definition = new.definition where number = new.number;
end;

create trigger windlass_subscription_changed after update of definition on windlass_subscription
begin
  update windlass_subscription
  set alerts = exists (
    select 1
    from json_each(case when json_array_length(new.definition, '$.filter.types') > 0
                        then json_extract(new.definition, '$.filter.types') else '["*"]' end) as pattern
    where pattern.value = '*' or pattern.value glob 'windlass.*')
  where number = new.number;
end;

-- What lasts: a problem that was found, and told where it was not muted.
create table windlass_alert (
  key       text    not null primary key,
  type      text    not null,
  subject   text    not null,
  since     integer not null,
  opened_at integer not null,
  -- When it was told, and by which event; null while it is muted.
  fired_at  integer,
  event     blob,
  data      text    not null,
  -- Jobs which it does not end before, as a JSON array of their ids.
  jobs      text    not null
) strict, without rowid;

-- How often that was written: of two who have seen the same one writes.
create table windlass_alert_round (
  one   integer not null primary key check (one = 1),
  round integer not null
) strict;

insert into windlass_alert_round (one, round) values (1, 0);

-- What is not told: a type, a key, or kind/ and a kind; as a person said it, or the workers' thresholds.
create table windlass_alert_mute (
  name     text    not null,
  declared integer not null check (declared in (0, 1)),
  muted_at integer not null,
  until    integer,
  note     text,
  primary key (name, declared)
) strict, without rowid;
