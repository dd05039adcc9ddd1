update tokens set spent = ?2 where hash = ?1 and spent is null
