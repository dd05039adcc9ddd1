select name, source from contracts where id = $1
