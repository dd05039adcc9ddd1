select id, body from request_blocks
where last_ms >= ?1 and last_ms < ?2 and first_ms <= ?1
order by last_ms desc
