select d.id, d.endpoint, d.state, d.at, d.attempts, d.base, d.run, d.why
from events as e join deliveries as d on d.id > e.id and d.id <= e.id + 1023
where e.merchant = $1 and e.mode = $2 and e.id < $3 and d.id < $3
order by e.id desc, d.id desc
limit $4
