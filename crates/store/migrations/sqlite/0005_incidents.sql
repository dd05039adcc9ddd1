-- What operators tell of trouble, on the status page.
create table incidents(
  id       integer primary key autoincrement,
  report   text    not null,  -- JSON
  opened   integer not null,
  resolved integer,
  version  integer not null default 1
) strict;
create index incidents_resolved on incidents(resolved);
