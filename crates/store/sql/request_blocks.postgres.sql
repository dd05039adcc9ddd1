select id, body from request_blocks
where id <= $1 and id >= $2
order by id desc
limit $3
