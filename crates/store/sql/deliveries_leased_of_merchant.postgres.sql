select d.id, d.endpoint, d.state, d.at, d.attempts, d.base, d.run, d.why
from deliveries as d join endpoints as e on e.id = d.endpoint
where d.state = 1 and d.at <= 9223372036854775807 and d.id < $3
  and e.merchant = $1 and e.mode = $2
order by d.id desc
limit $4
