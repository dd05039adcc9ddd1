select count(*) from endpoints where merchant = $1 and mode = $2 and deleted is null
