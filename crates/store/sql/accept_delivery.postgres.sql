insert into deliveries(id, endpoint, state, at, claim, why)
values ($1, $2, $3, $4, $5, $6)
