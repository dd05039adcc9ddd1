update endpoints set failing_since = $2 where id = $1
