insert into grants(id, application, merchant, mode, subject, scopes, created, forget)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
on conflict(id) do nothing
