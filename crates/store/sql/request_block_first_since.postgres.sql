select min(id) from (select id from request_blocks where last_ms >= $1 order by last_ms limit 64) as near
