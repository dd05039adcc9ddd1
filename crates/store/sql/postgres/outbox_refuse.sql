update outbox set refused = $2 where id = $1 and refused is null
