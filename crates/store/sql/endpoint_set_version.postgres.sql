update endpoints set version = $2 where id = $1
