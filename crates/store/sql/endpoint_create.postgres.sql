insert into endpoints(merchant, mode, version, created) values ($1, $2, 1, $3)
returning id
