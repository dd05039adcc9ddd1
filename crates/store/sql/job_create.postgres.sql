insert into jobs(merchant, mode, endpoint, kind, total, created)
values ($1, $2, $3, $4, $5, $6)
returning id
