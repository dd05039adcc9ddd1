insert into incidents(report, opened, resolved)
values ($1, $2, $3)
returning id
