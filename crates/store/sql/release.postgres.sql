-- `state + 0`: or a plan may walk the index of live leases
update deliveries set state = 0, at = $3 where id = $1 and state + 0 = 1 and claim = $2
