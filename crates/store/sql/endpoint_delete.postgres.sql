update endpoints set deleted = $2 where id = $1 and deleted is null
