-- Everything of version 1.
-- All times are Unix milliseconds. A sealed value is the id of its master key (4 bytes) followed by nonce
-- and ciphertext.

create table merchants(
  id                  integer primary key autoincrement,
  name                text    not null,
  contract            text    not null,
  reference           text,
  strict_catalogue    integer not null,
  retention           integer,                     -- in ms, where it is longer than the deployment's
  legal_hold          integer not null default 0,  -- 1: nothing is forgotten
  clock_offset        integer not null default 0,  -- how far the sandbox clock is ahead, in ms
  webhook_secret_test blob    not null,
  webhook_secret_live blob    not null,
  created             integer not null
) strict;
create unique index merchants_reference on merchants(reference) where reference is not null;

create table keys(
  id        integer primary key autoincrement,
  merchant  integer not null,
  mode      integer not null,  -- 0 test 1 live
  kind      integer not null,  -- 0 api key 1 api secret 2 publishable
  hint      text    not null,
  hash      blob    not null,
  shown     blob,              -- sealed
  created   integer not null,
  last_used integer,
  revoked   integer
) strict;
create unique index keys_hash on keys(hash);
create index keys_merchant on keys(merchant, id);

create table endpoints(
  id            integer primary key autoincrement,
  merchant      integer not null,
  mode          integer not null,
  version       integer not null,  -- of its settings: endpoint_versions
  status        integer not null default 0,  -- 0 active 1 draining 2 paused 3 disabled
  since         integer,           -- of the status; null while active
  why           integer,           -- of disabled: 0 requested 1 gone
  failing_since integer,
  created       integer not null,
  deleted       integer
) strict;
create index endpoints_merchant on endpoints(merchant, mode, id);
create index endpoints_present on endpoints(merchant, mode) where deleted is null;
create index endpoints_resting on endpoints(status) where status <> 0;

create table endpoint_versions(
  endpoint integer not null,
  version  integer not null,
  at       integer not null,
  settings text    not null,  -- JSON
  primary key(endpoint, version)
) strict, without rowid;

create table secrets(
  id       integer primary key autoincrement,
  endpoint integer not null,
  sealed   blob    not null,
  created  integer not null,
  until    integer            -- null: the current one
) strict;
create index secrets_endpoint on secrets(endpoint, id);

create table events(
  id        integer primary key,  -- ms<<22 | node<<16 | seq<<10 (ms since 2026-01-01); low 10 bits zero
  merchant  integer not null,
  mode      integer not null,
  kind      text    not null,
  at        integer not null,     -- on the merchant's clock
  reference text,                 -- the caller's own id
  only      integer,              -- an endpoint
  data      blob    not null      -- canonical JSON, once whatever the fan-out
) strict;
create index events_list on events(merchant, mode, id, kind);
create unique index events_reference on events(merchant, mode, reference)
  where reference is not null;

create table deliveries(
  id       integer primary key,         -- event id | ordinal: the event is id & ~1023
  endpoint integer not null,
  state    integer not null,            -- 0 due 1 leased 2 delivered 3 exhausted 4 parked 5 will_not_send
  at       integer not null,            -- 0: due time, merchant's clock; 1: lease end, real time; else since when
  attempts integer not null default 0,  -- settled tries, over all runs
  base     integer not null default 0,  -- attempts when this run began
  run      integer not null default 1,
  claim    integer not null default 0,  -- fencing counter, +1 at every lease
  why      integer
) strict;
create index deliveries_list   on deliveries(endpoint, state, id, at, attempts, base, run, why)
  where state <> 1;
create index deliveries_due    on deliveries(endpoint, at) where state = 0;
create index deliveries_leased on deliveries(at) where state = 1;

create table attempts(
  delivery         integer not null,
  claim            integer not null,
  run              integer not null,
  number           integer not null,
  at               integer not null,  -- on the merchant's clock
  late             integer not null,
  status           integer,           -- null: nothing of an answer came
  error            integer,           -- null: the answer is whole
  error_detail     text,
  phases           blob    not null,  -- 5 x u32 little-endian microseconds; all ones: none
  peer             blob,              -- 4 or 16 bytes
  answer           blob,              -- headers and body, framed
  truncated        integer not null,
  signed_at        integer not null,  -- real time, Unix seconds
  endpoint_version integer not null,
  contract         integer not null,
  secrets          blob    not null,  -- n x i64 little-endian
  primary key(delivery, claim)
) strict, without rowid;

create table idempotency(
  scope   integer not null,  -- a merchant, or 0 for the operator
  key     blob    not null,
  request blob    not null,
  subject integer not null,  -- what came of it
  at      integer not null,
  primary key(scope, key)
) strict, without rowid;
create index idempotency_age on idempotency(at, key desc);

create table jobs(
  id       integer primary key autoincrement,
  merchant integer not null,
  mode     integer not null,
  endpoint integer,          -- of those that work on one
  kind     text    not null, -- JSON
  state    integer not null default 0,  -- 0 running 1 ended 2 cancelled
  over     integer,          -- since when it is over
  total    integer,
  done     integer not null default 0,
  cursor   integer not null default 0,
  created  integer not null  -- on the merchant's clock
) strict;
create index jobs_merchant on jobs(merchant, mode, id);
create index jobs_running on jobs(endpoint) where state = 0;
create index jobs_over on jobs(merchant, over) where state <> 0;

create table contracts(
  id      integer primary key autoincrement,
  name    text not null,
  version blob not null,
  source  text not null
) strict;
create unique index contracts_version on contracts(name, version);

create table deployment(
  name  text not null primary key,
  value blob not null
) strict, without rowid;
