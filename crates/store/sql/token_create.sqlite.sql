insert into tokens(hash, kind, family, scopes, expires, forget, bound)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
on conflict(hash) do nothing
