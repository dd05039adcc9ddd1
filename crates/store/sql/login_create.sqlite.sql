insert into logins(merchant, mode, email, password, created)
values (?1, ?2, ?3, ?4, ?5)
returning id
