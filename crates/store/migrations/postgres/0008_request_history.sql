-- The request history: calls of the API, many to a block, and what their blocks are found by.
create table request_blocks(
  id       bigint primary key generated always as identity,
  number   bigint not null,  -- drawn by who wrote it: one that is written again is the same
  first_ms bigint not null,  -- when the first of its calls began
  last_ms  bigint not null,
  calls    bigint not null,
  body     bytea  not null
);
-- It is packed already, and read in parts.
alter table request_blocks alter column body set storage external;
create unique index request_blocks_number on request_blocks(number);
create index request_blocks_last on request_blocks(last_ms, first_ms);

-- Where a merchant's calls are in a block; those of nobody have merchant 0.
create table request_block_merchants(
  merchant bigint not null,
  mode     bigint not null,
  block    bigint not null,
  at       bigint not null,  -- the first byte of its section
  bytes    bigint not null,
  primary key (merchant, mode, block)
);
create index request_block_merchants_block on request_block_merchants(block);

-- Ids that callers brought; those that we make tell their time.
create table request_ids(
  hash  bigint not null,
  block bigint not null,
  primary key (hash, block)
);
create index request_ids_block on request_ids(block);
