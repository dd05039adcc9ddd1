select min(wake) from records where merchant = $1 and mode = $2 and wake is not null
