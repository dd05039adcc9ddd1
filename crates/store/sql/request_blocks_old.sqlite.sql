select id from request_blocks where last_ms < ?1 order by last_ms limit ?2
