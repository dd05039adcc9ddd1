-- by the database's own clock; what another server frees at this moment is freed
select id, endpoint, claim from deliveries
where state = 1 and at <= least($1::bigint, now_ms())
order by at
limit $2
for update skip locked
