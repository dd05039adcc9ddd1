select max(id) from (
  select id from endpoints where id > ?1 and deleted is null order by id limit ?2)
