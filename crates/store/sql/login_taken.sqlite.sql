select count(*) from logins where mode = ?1 and email = ?2 and merchant = ?3
