select merchant, mode, version, status, since, why, deleted from endpoints where id = $1
