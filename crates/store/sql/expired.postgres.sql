-- what another server frees at this moment is freed
select id, endpoint, claim from deliveries
where state = 1 and at <= $1
order by at
limit $2
for update skip locked
