select id, report, opened, resolved, version from incidents
where id > 0 order by id desc limit 100
