delete from outbox where id = any(string_to_array($1::text, ',')::bigint[])
