-- The request history: calls of the API, many to a block, and what their blocks are found by.
create table request_blocks(
  id       integer primary key autoincrement,
  number   integer not null,  -- drawn by who wrote it: one that is written again is the same
  first_ms integer not null,  -- when the first of its calls began
  last_ms  integer not null,
  calls    integer not null,
  body     blob    not null
) strict;
create unique index request_blocks_number on request_blocks(number);
create index request_blocks_last on request_blocks(last_ms, first_ms);

-- Where a merchant's calls are in a block; those of nobody have merchant 0.
create table request_block_merchants(
  merchant integer not null,
  mode     integer not null,
  block    integer not null,
  at       integer not null,  -- the first byte of its section
  bytes    integer not null,
  primary key (merchant, mode, block)
) strict, without rowid;
create index request_block_merchants_block on request_block_merchants(block);

-- Ids that callers brought; those that we make tell their time.
create table request_ids(
  hash  integer not null,
  block integer not null,
  primary key (hash, block)
) strict, without rowid;
create index request_ids_block on request_ids(block);
