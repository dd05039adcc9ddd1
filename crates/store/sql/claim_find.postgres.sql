-- what another node has locked at this moment it will have
select id, attempts, base, run, claim, at from deliveries
where endpoint = $1 and state = 0 and at <= $2
order by at, id
limit $3
for update skip locked
