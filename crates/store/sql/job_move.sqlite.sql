-- ?5: whether a new run begins in any case, or only after a run with tries in it
update deliveries
set state = ?2, at = ?3, why = ?4, run = run + (attempts > base or ?5), base = attempts
where id = ?1
