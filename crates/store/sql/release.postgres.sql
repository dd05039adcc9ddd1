update deliveries set state = 0, at = $3 where id = $1 and state = 1 and claim = $2
