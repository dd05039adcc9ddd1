-- $1: merchants with their time, as JSON pairs
select r.id, r.kind, r.merchant, r.mode, r.wake
from jsonb_array_elements($1::text::jsonb) as ahead(pair)
cross join lateral (
  select * from records
  where merchant = (ahead.pair ->> 0)::bigint and mode = $2 and wake <= (ahead.pair ->> 1)::bigint
  order by wake
  limit $3) as r
order by r.wake
limit $3
