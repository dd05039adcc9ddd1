update keys set last_used = $2 where id = $1 and (last_used is null or last_used < $2)
