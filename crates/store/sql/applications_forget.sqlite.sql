delete from applications
where id in (select id from applications where deleted < ?1 order by deleted limit ?2)
