update keys set shown = $2 where id = $1
