update applications set deleted = $4 where id = $3 and merchant = $1 and mode = $2 and deleted is null
