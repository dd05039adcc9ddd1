delete from request_blocks where id = $1
