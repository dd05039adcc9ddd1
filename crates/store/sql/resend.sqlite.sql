update deliveries set state = 0, at = ?2, base = attempts, run = run + 1, why = null
where id = ?1 and state <> 1
