-- Everything of version 1, in the schema `posthorn`.
-- All times are Unix milliseconds. A sealed value is the id of its master key (4 bytes) followed by nonce and
-- ciphertext.

-- The database's own clock, in Unix milliseconds: what leases and nodes go by.
create function now_ms() returns bigint language sql volatile parallel safe
  as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;

-- The servers at work on this database. A node is a part of the ids it makes.
create table nodes(
  node   smallint not null primary key,  -- 0 to 63
  holder bigint   not null,              -- one process's life: drawn at random
  seen   bigint   not null,              -- its last sign of life, by now_ms()
  floor  bigint   not null               -- no event that it still writes has an id as low
);

-- Every transaction that writes asks this: who was not heard of for long may have been given up, and its
-- node given to another.
create function present(mine smallint, life bigint) returns void language plpgsql as $$
begin
  if not exists (select from posthorn.nodes as n
                 where n.node = mine and n.holder = life and n.seen > posthorn.now_ms() - 15000) then
    raise exception 'this server gave no sign of life for 15 s' using errcode = 'PH001';
  end if;
end $$;

-- What changed that servers have in memory. A server reads those of the transactions that were not yet
-- visible when it last looked, so none is missed, whatever the order they commit in.
create table changes(
  number  bigint   primary key generated always as identity,
  txid    xid8     not null default pg_current_xact_id(),
  at      bigint   not null default now_ms(),
  kind    smallint not null,  -- 0 a merchant 1 an endpoint 2 a key
  subject bigint   not null
);
create index changes_txid on changes(txid);

create function note_change() returns trigger language plpgsql as $$
begin
  insert into posthorn.changes(kind, subject) values (tg_argv[0]::smallint, new.id);
  if tg_argv[1] = 'aloud' then
    perform pg_notify('posthorn', '');
  end if;
  return null;
end $$;

create table merchants(
  id                  bigint  primary key generated always as identity,
  name                text    not null,
  contract            text    not null,
  reference           text,
  strict_catalogue    integer not null,
  retention           bigint,                      -- in ms, where it is longer than the deployment's
  legal_hold          integer not null default 0,  -- 1: nothing is forgotten
  clock_offset        bigint  not null default 0,  -- how far the sandbox clock is ahead, in ms
  webhook_secret_test bytea   not null,
  webhook_secret_live bytea   not null,
  created             bigint  not null
);
create unique index merchants_reference on merchants(reference) where reference is not null;

create table keys(
  id        bigint   primary key generated always as identity,
  merchant  bigint   not null,
  mode      smallint not null,  -- 0 test 1 live
  kind      smallint not null,  -- 0 api key 1 api secret 2 publishable
  hint      text     not null,
  hash      bytea    not null,
  shown     bytea,              -- sealed
  created   bigint   not null,
  last_used bigint,
  revoked   bigint
);
create unique index keys_hash on keys(hash);
create index keys_merchant on keys(merchant, id);

create table endpoints(
  id            bigint   primary key generated always as identity,
  merchant      bigint   not null,
  mode          smallint not null,
  version       integer  not null,  -- of its settings: endpoint_versions
  status        smallint not null default 0,  -- 0 active 1 draining 2 paused 3 disabled
  since         bigint,             -- of the status; null while active
  why           smallint,           -- of disabled: 0 requested 1 gone
  failing_since bigint,
  created       bigint   not null,
  deleted       bigint
);
create index endpoints_merchant on endpoints(merchant, mode, id) where merchant is not null;  -- as events_list
create index endpoints_present on endpoints(merchant, mode) where deleted is null;
create index endpoints_resting on endpoints(id) where status <> 0;

create table endpoint_versions(
  endpoint bigint  not null,
  version  integer not null,
  at       bigint  not null,
  settings text    not null,  -- JSON
  primary key(endpoint, version)
);

create table secrets(
  id       bigint primary key generated always as identity,
  endpoint bigint not null,
  sealed   bytea  not null,
  created  bigint not null,
  until    bigint             -- null: the current one
);
create index secrets_endpoint on secrets(endpoint, id);

create trigger merchants_created after insert on merchants
  for each row execute function note_change(0, 'aloud');
create trigger merchants_changed after update on merchants
  for each row when (old is distinct from new) execute function note_change(0, 'aloud');
create trigger keys_revoked after update of revoked on keys
  for each row execute function note_change(2, 'aloud');
create trigger endpoints_created after insert on endpoints
  for each row execute function note_change(1, 'aloud');
create trigger endpoints_changed after update of version, status, deleted on endpoints
  for each row execute function note_change(1, 'aloud');
-- Tries do this, by the thousand when a receiver dies: it is found by the next look.
create trigger endpoints_failing after update of failing_since on endpoints
  for each row execute function note_change(1, 'low');

create function note_secret() returns trigger language plpgsql as $$
begin
  insert into posthorn.changes(kind, subject) values (1, new.endpoint);
  perform pg_notify('posthorn', '');
  return null;
end $$;
create trigger secrets_changed after insert or update on secrets
  for each row execute function note_secret();

-- Partitioned by id, which is by the time of acceptance: old parts are dropped, not deleted from. What no
-- part is there for goes into the default one.
create table events(
  id        bigint   not null primary key,  -- ms<<22 | node<<16 | seq<<10 (ms since 2026-01-01); low 10 bits zero
  merchant  bigint   not null,
  mode      smallint not null,
  kind      text     not null,
  at        bigint   not null,              -- on the merchant's clock
  reference text,                           -- the caller's own id
  "only"    bigint,                         -- an endpoint
  data      bytea    not null               -- canonical JSON, once whatever the fan-out
) partition by range(id);
alter table events alter column data set storage external;
-- Partial, so that nobody but a list takes it: while a partition is empty all its indexes cost the same, and a
-- plan made then would walk this one for an id when there are millions.
create index events_list on events(merchant, mode, id, kind) where merchant is not null;
create table events_default partition of events default;

-- A unique index of a partitioned table must hold its key, so callers' ids have a table of their own.
create table event_references(
  merchant  bigint   not null,
  mode      smallint not null,
  reference text     not null,
  event     bigint   not null,
  primary key(merchant, mode, reference)
);
create index event_references_event on event_references(event);

create table deliveries(
  id       bigint   not null primary key,  -- event id | ordinal: the event is id & ~1023
  endpoint bigint   not null,
  state    smallint not null,              -- 0 due 1 leased 2 delivered 3 exhausted 4 parked 5 will_not_send
  at       bigint   not null,              -- 0: due time, merchant's clock; 1: lease end, real time; else since when
  attempts integer  not null default 0,    -- settled tries, over all runs
  base     integer  not null default 0,    -- attempts when this run began
  run      integer  not null default 1,
  claim    integer  not null default 0,    -- fencing counter, +1 at every lease
  why      smallint
) partition by range(id);
create index deliveries_list on deliveries(endpoint, state, id) include (at, attempts, base, run, why)
  where state <> 1;
create index deliveries_due on deliveries(endpoint, at, id) where state = 0;
create index deliveries_leased on deliveries(at) where state = 1;
create table deliveries_default partition of deliveries default;

create table attempts(
  delivery         bigint   not null,
  claim            integer  not null,
  run              integer  not null,
  number           integer  not null,
  at               bigint   not null,  -- on the merchant's clock
  late             smallint not null,
  status           integer,            -- null: nothing of an answer came
  error            smallint,           -- null: the answer is whole
  error_detail     text,
  phases           bytea    not null,  -- 5 x u32 little-endian microseconds; all ones: none
  peer             bytea,              -- 4 or 16 bytes
  answer           bytea,              -- headers and body, framed
  truncated        smallint not null,
  signed_at        bigint   not null,  -- real time, Unix seconds
  endpoint_version integer  not null,
  contract         bigint   not null,
  secrets          bytea    not null,  -- n x i64 little-endian
  primary key(delivery, claim)
) partition by range(delivery);
create table attempts_default partition of attempts default;

-- The parts that have tables of their own, named by their first day: events_20261122 and so on.
create table parts(
  first date     primary key,
  days  integer  not null,
  state smallint not null default 0  -- 0 attached 1 detached, being emptied 2 none: left to the default one
                                     -- 3 to be attached 4 nothing of it is in the default one
);

create table idempotency(
  scope   bigint not null,  -- a merchant, or 0 for the operator
  key     bytea  not null,
  request bytea  not null,
  subject bigint not null,  -- what came of it
  at      bigint not null,
  primary key(scope, key)
);
create index idempotency_age on idempotency(at, key desc) where at is not null;  -- as events_list

create table jobs(
  id       bigint   primary key generated always as identity,
  merchant bigint   not null,
  mode     smallint not null,
  endpoint bigint,            -- of those that work on one
  kind     text     not null, -- JSON
  state    smallint not null default 0,  -- 0 running 1 ended 2 cancelled
  over     bigint,            -- since when it is over
  total    bigint,
  done     bigint   not null default 0,
  cursor   bigint   not null default 0,
  created  bigint   not null, -- on the merchant's clock
  holder   bigint             -- the server that works on it: nodes.holder
);
create index jobs_merchant on jobs(merchant, mode, id);
create index jobs_running on jobs(endpoint) where state = 0;
create index jobs_over on jobs(merchant, over) where state <> 0;

-- What the operator's own programs say inside their transactions, until a server accepts it.
create table outbox(
  id        bigint   primary key generated always as identity,
  merchant  bigint   not null,
  mode      smallint not null,
  kind      text     not null,
  reference text,
  data      text     not null,                 -- JSON as it was given
  at        bigint   not null default now_ms(),
  refused   text                               -- why it cannot be accepted; it waits for the operator
);
create index outbox_waiting on outbox(id) where refused is null;

-- The merchant with this id (`mer_…`) or reference.
create function merchant_called(called text) returns bigint language plpgsql stable as $$
declare
  number bigint := 0;
  found  bigint;
  digit  integer;
begin
  if called ~ '^mer_[0-9a-hjkmnp-tv-z]{1,13}$' then
    for place in 5 .. length(called) loop
      digit := strpos('0123456789abcdefghjkmnpqrstvwxyz', substr(called, place, 1)) - 1;
      number := (number << 5) | digit;
    end loop;
    select id into found from posthorn.merchants where id = number;
  end if;
  if found is null then
    select id into found from posthorn.merchants where reference = called;
  end if;
  return found;
end $$;

-- The outbox of the operator's own programs: called inside a transaction of theirs, the event exists if
-- and only if that commits. It answers the event's place in the outbox.
create function emit(merchant text, mode text, type text, data json, id text default null)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  owner bigint := posthorn.merchant_called(merchant);
  place bigint;
begin
  if owner is null then
    raise exception 'there is no merchant %', quote_literal(merchant)
      using errcode = 'PH400', hint = 'Give its id (mer_…) or its reference: posthorn merchant list.';
  end if;
  if mode is null or mode not in ('test', 'live') then
    raise exception 'the mode is % and must be test or live', quote_nullable(mode) using errcode = 'PH400';
  end if;
  if type is null or type !~ '^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$' or octet_length(type) > 128
     or starts_with(type, 'posthorn.') then
    raise exception '% is not an event type', quote_nullable(type)
      using errcode = 'PH400', hint = 'Use segments of letters, digits, _ and - with dots between them, as '
        'in payment.confirmed; at most 128 bytes. Types that begin with posthorn. are reserved.';
  end if;
  if id is not null and (id !~ '^[!-~]+$' or octet_length(id) > 128) then
    raise exception 'the id % cannot be used', quote_literal(id)
      using errcode = 'PH400', hint = 'Use 1 to 128 visible ASCII characters without spaces, or leave it out.';
  end if;
  if data is null or json_typeof(data) <> 'object' then
    raise exception 'data must be a JSON object' using errcode = 'PH400';
  end if;
  if octet_length(data::text) > 1048576 then
    raise exception 'data has % bytes; at most 1048576 (1 MiB) are allowed', octet_length(data::text)
      using errcode = 'PH400';
  end if;
  insert into posthorn.outbox(merchant, mode, kind, reference, data)
  values (owner, case mode when 'live' then 1 else 0 end, type, id, data::text)
  returning outbox.id into place;
  return place;
end $$;

create table contracts(
  id      bigint primary key generated always as identity,
  name    text   not null,
  version bytea  not null,
  source  text   not null
);
create unique index contracts_version on contracts(name, version);

create table deployment(
  name  text  not null primary key,
  value bytea not null
);

-- How far an import from an embedded database has come. While the whole is not done no server starts.
create table import(
  part   text    not null primary key,  -- a table; '' for the whole
  rows   bigint  not null,              -- so many are here
  sha256 text    not null,              -- the checksum of their lines; of the whole: whose it is
  done   boolean not null
);

-- The first id of a day.
create function first_id(day date) returns bigint language sql immutable parallel safe
  as $$ select ((day - date '2026-01-01')::bigint * 86400000) << 22 $$;

-- Gives a part tables of its own. What had gone into the default ones meanwhile moves along.
create function attach_part(part date, width integer) returns void language plpgsql as $$
declare
  low constant bigint := first_id(part);
  high constant bigint := first_id(part + width);
  parent record;
  name text;
begin
  for parent in select * from (values
    ('events', 'id', ''), ('attempts', 'delivery', ''), ('deliveries', 'id', 'with (fillfactor = 90,
      autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1)')
    ) as parents(name, key, options)
  loop
    name := parent.name || to_char(part, '_YYYYMMDD');
    execute format('create table %I (like %I including all) %s', name, parent.name, parent.options);
    execute format(
      'with moved as (delete from %1$I where %2$I >= %3$s and %2$I < %4$s returning *)
       insert into %5$I select * from moved',
      parent.name || '_default', parent.key, low, high, name);
    execute format(
      'alter table %I attach partition %I for values from (%s) to (%s)', parent.name, name, low, high);
  end loop;
end $$;

-- One step towards a part that lies ahead, where the default tables are large: they are not locked while
-- they are searched for rows that belong to it, for a constraint says that there are none. If there are,
-- these days are left to the default tables.
create function prepare_part(part date, width integer, state smallint) returns void
  language plpgsql as $$
declare
  parent record;
begin
  for parent in select * from (values ('events', 'id'), ('deliveries', 'id'), ('attempts', 'delivery')
    ) as parents(name, key)
  loop
    if state = 3 then
      execute format('alter table %I add constraint not_here check (%I < %s or %2$I >= %4$s) not valid',
        parent.name || '_default', parent.key, first_id(part), first_id(part + width));
    else
      execute format('alter table %I %s constraint not_here', parent.name || '_default',
        case state when 4 then 'validate' else 'drop' end);
    end if;
  end loop;
end $$;

-- One step towards the next part, if fewer than `ahead` days are covered from now on; answers its first day.
-- Where much has gone into the default tables meanwhile, that day is left there. Nobody waits long for it,
-- nor it for them.
create function open_part(now_ms bigint, width integer, ahead integer, large bigint) returns date
  language plpgsql set lock_timeout = '500ms' as $$
declare
  today constant date := date '1970-01-01' + (now_ms / 86400000)::integer;
  part date;
  begun parts;
  strays bigint;
begin
  if not pg_try_advisory_xact_lock(1346895872, 7) then return null; end if;
  select * into begun from parts as p where p.state > 2;
  if begun.state = 3 then
    begin
      perform prepare_part(begun.first, begun.days, 4::smallint);
      update parts set state = 4 where first = begun.first;
    exception when check_violation then
      perform prepare_part(begun.first, begun.days, 0::smallint);
      update parts set state = 2 where first = begun.first;
    end;
    return begun.first;
  elsif begun.state = 4 then
    perform attach_part(begun.first, begun.days);
    perform prepare_part(begun.first, begun.days, 0::smallint);
    update parts set state = 0 where first = begun.first;
    return begun.first;
  end if;
  select greatest(today, max(first + days)) into part from parts;
  if part > today + ahead then return null; end if;
  if part > today and large < pg_relation_size('events_default')
    + pg_relation_size('deliveries_default') + pg_relation_size('attempts_default')
  then
    perform prepare_part(part, width, 3::smallint);
    insert into parts(first, days, state) values (part, width, 3);
    return part;
  end if;
  lock table events_default, deliveries_default, attempts_default in access exclusive mode;
  select count(*) into strays from (select from deliveries_default
    where id >= first_id(part) and id < first_id(part + width) limit 10001) as found;
  if strays > 10000 then
    insert into parts(first, days, state) values (part, 1, 2);
  else
    perform attach_part(part, width);
    insert into parts(first, days) values (part, width);
  end if;
  return part;
end $$;

-- Gives the days of imported events parts, where they have none: nobody else is at work. What is older than
-- thirty parts is left to the default tables.
create function cover_parts(ids bigint[], width integer) returns void
  language plpgsql set search_path = posthorn as $$
declare
  today constant date := (now() at time zone 'utc')::date;
  day date;
  wide integer;
begin
  for day in
    select distinct date '2026-01-01' + ((id >> 22) / 86400000)::integer from unnest(ids) as id order by 1
  loop
    if day between today - 30 * width and today
      and not exists (select from parts as p where p.first <= day and day < p.first + p.days)
    then
      select least(width, min(p.first) - day) into wide from parts as p where p.first > day;
      perform attach_part(day, wide);
      insert into parts(first, days) values (day, wide);
    end if;
  end loop;
end $$;

-- Whether anything in a part is under way, or waits although no merchant keeps it longer.
create function part_waits(part date, now_ms bigint, kept_ms bigint) returns boolean
  language plpgsql set jit = off set enable_seqscan = off as $$
declare
  waits boolean;
begin
  execute format(
    'select exists(select from %1$I where state = 1)
       or exists(
         select from (
           select id from %1$I where state = 0
           union all
           select d.id from endpoints as e cross join lateral (
             select id from %1$I where endpoint = e.id and state = 4 and state <> 1) as d) as w
           join %2$I as e on e.id = w.id & ~1023::bigint
           join merchants as m on m.id = e.merchant
         where m.legal_hold = 0
           and e.id < ($1 - 1767225600000 - greatest($2, m.retention)) << 22)',
    'deliveries' || to_char(part, '_YYYYMMDD'), 'events' || to_char(part, '_YYYYMMDD'))
    into waits using now_ms, kept_ms;
  return waits;
end $$;

-- Moves some events that their merchants keep longer out of a detached part, with all that belongs to
-- them: where no part covers them they are in the default one. Answers how many.
create function put_aside(part date, now_ms bigint, kept_ms bigint, at_once integer) returns bigint
  language plpgsql set jit = off set enable_seqscan = off as $$
declare
  moved bigint;
begin
  execute format(
    'with kept as (
       select e.id from merchants as m cross join lateral (
         select id from %1$I
         where merchant = m.id and mode in (0, 1)
           and (m.legal_hold <> 0
             or id >= ($1 - 1767225600000 - greatest($2, m.retention)) << 22)
         limit $3) as e
       where m.legal_hold <> 0 or m.retention > $2
       limit $3),
     a as (delete from %3$I as a using kept as k
       where a.delivery > k.id and a.delivery <= k.id + 1023 returning a.*),
     d as (delete from %2$I as d using kept as k
       where d.id > k.id and d.id <= k.id + 1023 returning d.*),
     e as (delete from %1$I as e using kept as k where e.id = k.id returning e.*),
     attempts_kept as (insert into attempts select * from a),
     deliveries_kept as (insert into deliveries select * from d)
     insert into events select * from e',
    'events' || to_char(part, '_YYYYMMDD'), 'deliveries' || to_char(part, '_YYYYMMDD'),
    'attempts' || to_char(part, '_YYYYMMDD'))
    using now_ms, kept_ms, at_once;
  get diagnostics moved = row_count;
  return moved;
end $$;

-- One step towards dropping the oldest part that is wholly older than is kept: it is detached, what is kept
-- longer is put aside, callers' ids of the rest are let go, and it is dropped. Whoever finds it half done
-- goes on.
create function close_part(
  now_ms bigint, kept_ms bigint, at_once integer, out what text, out part date, out n bigint)
  language plpgsql set lock_timeout = '500ms' as $$
declare
  old constant bigint := (now_ms - 1767225600000 - kept_ms) << 22;
  oldest parts;
  parent text;
begin
  what := 'busy';
  n := 0;
  if not pg_try_advisory_xact_lock(1346895872, 7) then return; end if;
  what := 'nothing';
  select * into oldest from parts as p
    where p.state = 1 or p.state < 3 and first_id(p.first + p.days) <= old
    order by p.state <> 1, p.first limit 1;
  if oldest is null then return; end if;
  part := oldest.first;
  what := 'moved';
  if oldest.state = 2 then
    delete from parts where first = part;
    return;
  elsif oldest.state = 0 then
    begin
      foreach parent in array array['events', 'deliveries', 'attempts'] loop
        execute format('alter table %I detach partition %I', parent, parent || to_char(part, '_YYYYMMDD'));
      end loop;
      if part_waits(part, now_ms, kept_ms) then raise object_in_use; end if;
      update parts set state = 1 where first = part;
    exception when object_in_use or lock_not_available then
      what := 'in use';
    end;
    return;
  end if;
  -- Nobody is put on hold between this look and the drop.
  lock table merchants in share mode;
  n := put_aside(part, now_ms, kept_ms, at_once);
  if n > 0 then return; end if;
  delete from event_references as r using (
    select o.merchant, o.mode, o.reference from event_references as o
    where o.event >= first_id(oldest.first) and o.event < first_id(oldest.first + oldest.days)
      and not exists (select from events as e where e.id = o.event)
    limit at_once) as gone
  where (r.merchant, r.mode, r.reference) = (gone.merchant, gone.mode, gone.reference);
  get diagnostics n = row_count;
  if n > 0 then return; end if;
  execute format('select count(*) from (select from %I limit 100000) as counted',
    'events' || to_char(part, '_YYYYMMDD')) into n;
  if n = 100000 then
    select greatest(n, reltuples::bigint) into n from pg_class
      where oid = ('events' || to_char(part, '_YYYYMMDD'))::regclass;
  end if;
  foreach parent in array array['events', 'deliveries', 'attempts'] loop
    execute format('drop table %I', parent || to_char(part, '_YYYYMMDD'));
  end loop;
  delete from parts where first = part;
  what := 'dropped';
end $$;
