select count(*) from applications where merchant = $1 and mode = $2 and deleted is null
