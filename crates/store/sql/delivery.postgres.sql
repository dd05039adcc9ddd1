select id, endpoint, state, at, attempts, base, run, why from deliveries where id = $1
