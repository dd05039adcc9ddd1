insert into applications(merchant, mode, client, name, kind, redirects, hint, secret, created)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
returning id
