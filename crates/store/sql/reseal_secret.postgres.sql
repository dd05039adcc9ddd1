update secrets set sealed = $2 where id = $1
