select count(*) from logins where merchant = ?1 and mode = ?2
