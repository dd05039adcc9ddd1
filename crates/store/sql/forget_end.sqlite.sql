update deliveries set state = 3, at = ?2, why = 4 where id = ?1 and state in (0, 4)
