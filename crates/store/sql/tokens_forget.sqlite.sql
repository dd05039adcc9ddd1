delete from tokens where hash in (select hash from tokens where forget < ?1 order by forget limit ?2)
