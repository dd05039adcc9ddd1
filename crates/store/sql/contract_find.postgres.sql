select id from contracts where name = $1 and version = $2
