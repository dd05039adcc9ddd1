-- Everything of version 1, in the schema `posthorn`. All times are Unix milliseconds. A sealed value is
-- the id of its master key (4 bytes) followed by nonce and ciphertext.

-- The database's own clock, in Unix milliseconds: what leases and nodes go by.
create function now_ms() returns bigint language sql volatile parallel safe
  as $$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;

create table merchants(
  id                  bigint  primary key generated always as identity,
  name                text    not null,
  contract            text    not null,
  reference           text,
  strict_catalogue    integer not null,
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
create index endpoints_merchant on endpoints(merchant, mode, id);
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
create index events_list on events(merchant, mode, id, kind);
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

create table idempotency(
  scope   bigint not null,  -- a merchant, or 0 for the operator
  key     bytea  not null,
  request bytea  not null,
  subject bigint not null,  -- what came of it
  at      bigint not null,
  primary key(scope, key)
);
create index idempotency_age on idempotency(at, key desc);

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
  created  bigint   not null  -- on the merchant's clock
);
create index jobs_merchant on jobs(merchant, mode, id);
create index jobs_running on jobs(endpoint) where state = 0;

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
