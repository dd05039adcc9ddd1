insert into request_blocks(number, first_ms, last_ms, calls, body) values ($1, $2, $3, $4, $5)
on conflict(number) do nothing
returning id
