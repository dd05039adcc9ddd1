insert into events(id, merchant, mode, kind, at, reference, only, data, about)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
on conflict(id) do nothing
