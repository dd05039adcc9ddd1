-- $5: whether a new run begins in any case, or only after a run with tries in it
update deliveries
set state = $2, at = $3, why = $4,
  run = run + case when attempts > base or $5 <> 0 then 1 else 0 end, base = attempts
where id = $1
