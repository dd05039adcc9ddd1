-- What operators tell of trouble, on the status page.
create table incidents(
  id       bigint primary key generated always as identity,
  report   text   not null,  -- JSON
  opened   bigint not null,
  resolved bigint,
  version  bigint not null default 1
);
create index incidents_resolved on incidents(resolved);
