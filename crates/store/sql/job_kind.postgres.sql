select kind from events where id = $1
