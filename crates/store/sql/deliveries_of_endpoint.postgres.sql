-- `state <> 1` is what the partial index asks for
select id, endpoint, state, at, attempts, base, run, why from deliveries
where endpoint = $1 and state = $2 and state <> 1 and id < $3
order by id desc
limit $4
