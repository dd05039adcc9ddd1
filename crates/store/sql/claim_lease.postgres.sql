update deliveries set state = 1, at = $2, claim = claim + 1 where id = $1
