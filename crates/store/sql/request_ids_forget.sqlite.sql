delete from request_ids where block = ?1
