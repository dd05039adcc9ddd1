insert into keys(merchant, mode, kind, hint, hash, shown, created)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
returning id
