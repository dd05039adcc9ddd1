delete from grants where id in (select id from grants where forget < ?1 order by forget limit ?2)
