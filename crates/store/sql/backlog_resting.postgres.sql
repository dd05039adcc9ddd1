select id from endpoints where status <> 0 order by id
