-- The lowest node that nobody else has, or whose holder was not heard of for a minute: longer than any
-- transaction of it can still last. Who begins anew may have its own again: what it made before is refused.
insert into nodes(node, holder, seen, floor)
select free.node, hashtextextended(gen_random_uuid()::text, 0), now_ms(), $1
from generate_series(0, 63) as free(node)
where not exists (
  select from nodes as n
  where n.node = free.node and n.holder is distinct from $2 and n.seen > now_ms() - 60000)
order by free.node
limit 1
on conflict(node) do update set holder = excluded.holder, seen = excluded.seen, floor = excluded.floor
returning node, holder, seen, pg_snapshot_xmin(pg_current_snapshot())::text
