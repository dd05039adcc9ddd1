-- Whoever is silent for half a minute cannot write any more: its transactions were refused or ended.
select
  (select count(*) from nodes where node <> $1 and seen > now_ms() - 5000),
  (select min(floor) from nodes where node <> $1 and seen > now_ms() - 30000),
  pg_snapshot_xmin(pg_current_snapshot())::text
