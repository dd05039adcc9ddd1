select id, report, opened, resolved, version from incidents order by id desc limit 100
