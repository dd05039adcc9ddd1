update deliveries set state = 5, at = $2, why = 1 where id = $1
