-- Payments: their records, the ledger, and what an event says of the payment that it is about.

-- A payment, a payout and whatever else has a life of its own: one row, written as a whole under its version.
create table records(
  id        bigint   primary key,  -- as events: ms<<22 | node<<16 | seq<<10; a request's is its owner's with an ordinal
  kind      smallint not null,     -- 1 payment 2 payout 3 checkout 4 customer 5 product 6 offer 7 a simulated rail's book
  merchant  bigint not null,
  mode      smallint not null,
  version   integer not null,
  state     smallint not null,     -- of its kind
  reference text,                 -- what its merchant calls it, while there may be no second
  parent    bigint,              -- another record that it belongs to
  wake      bigint,              -- when it must be looked after, on the merchant's clock
  body      text    not null      -- JSON
);
create index records_list on records(merchant, mode, kind, id);
create index records_state on records(merchant, mode, kind, state, id);
create unique index records_reference on records(merchant, mode, kind, reference) where reference is not null;
create index records_parent on records(parent, id) where parent is not null;
create index records_wake on records(wake) where wake is not null;
create index records_wake_of on records(merchant, mode, wake) where wake is not null;

-- The ledger: money that moved from one account to another. A line sums to zero by itself; nothing changes one.
create table postings(
  id       bigint primary key generated always as identity,
  at       bigint not null,  -- on the merchant's clock
  merchant bigint not null,
  mode     smallint not null,
  subject  bigint not null,  -- the record that it is about
  source   smallint not null,  -- accounts: 1 clearing 2 pending 3 available 4 fees 5 split recipient 6 refund reserve
  target   smallint not null,  --           7 payout in transit 8 suspense
  asset    text    not null,
  minor    bigint not null check(minor > 0),
  check(source <> target)
);
create index postings_subject on postings(subject, id);
create index postings_merchant on postings(merchant, mode, id);

-- What each account holds: the sum of its postings, kept in their transactions.
create table balances(
  merchant bigint not null,
  mode     smallint not null,
  account  smallint not null,
  asset    text    not null,
  minor    bigint not null,
  primary key(merchant, mode, account, asset)
);

-- JSON: the record an event is about, which of its events this is, and where it goes besides.
alter table events add column about text;
