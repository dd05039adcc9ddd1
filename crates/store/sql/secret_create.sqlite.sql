insert into secrets(endpoint, sealed, created) values (?1, ?2, ?3)
returning id
