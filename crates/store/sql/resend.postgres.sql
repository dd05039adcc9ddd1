update deliveries set state = $2, at = $3, base = attempts, run = run + 1, why = $4
where id = $1 and state <> 1
