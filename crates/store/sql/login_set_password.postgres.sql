update logins set password = $3 where id = $1 and (password = $2 or password = $3)
