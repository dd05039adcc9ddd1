-- Leases given back, due again; those of a deleted endpoint end: no sweep will come by again.
update posthorn.deliveries as d
set state = case when p.deleted is null then 0 else 5 end,
    at = r.at,
    why = case when p.deleted is null then d.why else 1 end
from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as r(id, endpoint, claim, at)
left join posthorn.endpoints as p on p.id = r.endpoint
where d.id = r.id and d.state + 0 = 1 and d.claim = r.claim
