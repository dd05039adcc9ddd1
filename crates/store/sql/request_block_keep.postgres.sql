insert into request_blocks(first_ms, last_ms, calls, body) values ($1, $2, $3, $4)
returning id
