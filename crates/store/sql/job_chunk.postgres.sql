-- covered, in order; `state <> 1` is what the partial index asks for
select id, at from deliveries
where endpoint = $1 and state = $2 and state <> 1 and id > $3 and id < $4
order by id
limit $5
for update
