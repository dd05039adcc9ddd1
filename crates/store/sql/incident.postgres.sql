select id, report, opened, resolved, version from incidents where id = $1
