update endpoints set status = $2, since = $3, why = $4 where id = $1
