-- all leases there are: bounded by what is in flight
select id, endpoint, state, at, attempts, base, run, why
from deliveries
where state = 1 and at <= 9223372036854775807 and endpoint = $1 and id < $2
order by id desc
limit $3
