select max(id) from (select id from merchants where id > $1 order by id limit $2) as next
