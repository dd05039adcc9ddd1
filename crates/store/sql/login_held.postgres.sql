select id from logins where id = $1 for share
