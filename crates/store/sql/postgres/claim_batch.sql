-- Leases what is due, for each ask by itself, oldest first, and no more than fits: an ask ends when its
-- payloads have reached its bytes, a caller's asks when all of them have reached the caller's. What another
-- node has locked at this moment it will have. An event is answered whole once.
with due as materialized (
  select a.*, d.id, d.at
  from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
    with ordinality as a(endpoint, slots, bytes, now, caller, until, bytes_max, place)
  cross join lateral (
    select id, at from posthorn.deliveries
    where endpoint = a.endpoint and state = 0 and at <= a.now
    order by at, id
    limit a.slots
    for update skip locked) as d
), found as (
  select d.*, e.id as event, e.merchant, e.mode, e.kind, e.at as said, e.reference, e."only", e.data, e.about,
    sum(octet_length(e.data)) over (
      partition by d.place order by d.at, d.id
      rows between unbounded preceding and 1 preceding) as before_in_ask
  from due as d
  left join posthorn.events as e on e.id = d.id & ~1023::bigint
), fitting as (
  select f.*,
    row_number() over (partition by caller order by place, at, id) as number,
    sum(octet_length(data)) over (
      partition by caller order by place, at, id
      rows between unbounded preceding and 1 preceding) as before_of_caller
  from found as f
  where coalesce(before_in_ask, 0) < bytes
), leased as (
  update posthorn.deliveries as d set state = 1, at = f.until, claim = d.claim + 1
  from fitting as f
  where d.id = f.id and (f.number = 1 or f.before_of_caller < f.bytes_max)
  returning f.event, f.merchant, f.mode, f.kind, f.said, f.reference, f."only", f.data,
    d.id, f.place, d.attempts, d.base, d.run, d.claim, f.at, f.about
)
select event, merchant, mode, kind, said, reference, "only",
  case when row_number() over (partition by event order by place, at, id) = 1 then data end,
  id, place, attempts, base, run, claim, at, about
from leased
order by place, at, id
