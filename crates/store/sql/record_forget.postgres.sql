delete from records where id = $1 and version = $2
