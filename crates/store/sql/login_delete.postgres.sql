delete from logins where id = $3 and merchant = $1 and mode = $2
