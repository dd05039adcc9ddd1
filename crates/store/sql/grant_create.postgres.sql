insert into grants(id, application, merchant, mode, subject, scopes, forget)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict(id) do nothing
