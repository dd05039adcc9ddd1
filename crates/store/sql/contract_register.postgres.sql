insert into contracts(name, version, source) values ($1, $2, $3)
on conflict(name, version) do nothing
