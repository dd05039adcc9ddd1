select id from request_blocks where number = ?1
