update logins set tries = 0, tried = null where id = $1
