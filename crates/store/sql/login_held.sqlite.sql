select id from logins where id = ?1
